import type { GatewayPorts } from "../stage/ports.ts";

/**
 * The outcome of an integration or authorizer. `noPermission`: the template does not allow API Gateway to invoke it.
 */
export type IntegrationOutcome =
  | { kind: "returned"; payload: unknown }
  | { kind: "failed"; errorMessage: string }
  | { kind: "noPermission" | "timedOut" };

/** Lambda's limit for the event of a synchronous invocation. */
export const maxEventBytes = 6 * 1024 * 1024;
/** API Gateway's limit and default for the timeout of an integration. */
export const maxTimeoutMs = 29_000;

export interface LambdaCall {
  functionArn: string;
  /** ARN of the route, method or authorizer that invokes the function. */
  sourceArn: string;
  event: unknown;
  timeoutMs: number;
}

/** Invokes a function as API Gateway does: only with a permission, and within the integration's timeout. */
export function invokeLambda(
  { lambda, clock, log }: Pick<GatewayPorts, "lambda" | "clock" | "log">,
  { functionArn, sourceArn, event, timeoutMs }: LambdaCall,
): Promise<IntegrationOutcome> {
  if (!lambda.mayInvoke(functionArn, sourceArn)) {
    log(`no AWS::Lambda::Permission lets ${sourceArn} invoke ${functionArn}`);
    return Promise.resolve({ kind: "noPermission" });
  }
  return new Promise((resolve) => {
    const timer = clock.setTimeout(() => resolve({ kind: "timedOut" }), timeoutMs);
    const finish = (outcome: IntegrationOutcome) => {
      clock.clearTimeout(timer);
      resolve(outcome);
    };
    lambda.invoke(functionArn, event).then(
      (result) =>
        finish(
          result.ok
            ? { kind: "returned", payload: result.payload }
            : { kind: "failed", errorMessage: result.errorMessage },
        ),
      (error: unknown) => finish({ kind: "failed", errorMessage: String(error) }),
    );
  });
}
