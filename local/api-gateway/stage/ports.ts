import type { Iam } from "../../iam/iam.ts";
import type { Clock } from "../../world/clock.ts";
import type { Faults } from "../../world/faults.ts";
import type { Invocations } from "../../world/invocations.ts";

/** The dependencies of API Gateway. Tests replace them. */
export interface GatewayPorts {
  lambda: LambdaPort;
  iam: IamPort;
  invocations: Pick<Invocations, "serve">;
  clock: Clock;
  faults: Faults;
  /** Receives one line for the developer. It never contains a payload, token or secret. */
  log: (line: string) => void;
}

/** Lambda as API Gateway uses it. */
export interface LambdaPort {
  /**
   * Runs a function once. A failure or timeout is an outcome; the promise does not reject.
   *
   * @param event any JSON value
   */
  invoke(functionArn: string, event: unknown): Promise<LambdaOutcome>;
  /** Whether the template allows API Gateway to invoke the function for `sourceArn`. */
  mayInvoke(functionArn: string, sourceArn: string): boolean;
}
export type LambdaOutcome = { ok: true; payload: unknown } | { ok: false; errorType: string; errorMessage: string };

export type IamPort = Pick<Iam, "principalOfKey" | "denial">;
