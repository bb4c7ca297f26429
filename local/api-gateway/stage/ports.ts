import type { Iam } from "../../iam/iam.ts";
import type { Clock } from "../../world/clock.ts";
import type { Faults } from "../../world/faults.ts";
import type { Invocations } from "../../world/invocations.ts";

export type LambdaOutcome = { ok: true; payload: unknown } | { ok: false; errorType: string; errorMessage: string };

export interface LambdaPort {
  /**
   * Runs a function once. Its failure, also that it ran out of time, is an outcome; nothing is thrown.
   *
   * @param event what the handler gets, as JSON has it
   */
  invoke(functionArn: string, event: unknown): Promise<LambdaOutcome>;
  /** Whether the template lets API Gateway call the function on behalf of `sourceArn`. */
  mayInvoke(functionArn: string, sourceArn: string): boolean;
}

export type IamPort = Pick<Iam, "principalOfKey" | "denial">;

/** Whether whoever posts lives to see the answer. */
export type InvocationsPort = Pick<Invocations, "serve">;

/** Everything around the gateway that a test replaces. */
export interface GatewayPorts {
  lambda: LambdaPort;
  iam: IamPort;
  calls: InvocationsPort;
  clock: Clock;
  faults: Faults;
  /** One line for the developer; never a payload, token or secret. */
  log: (line: string) => void;
}
