import type { GatewayPorts } from "../stage/ports.ts";

/** What an integration or authorizer came to. `noPermission`: the template grants API Gateway no `lambda:InvokeFunction`. */
export type Outcome =
  | { kind: "answered"; payload: unknown }
  | { kind: "failed"; errorMessage: string }
  | { kind: "noPermission" | "timedOut" };

/** Lambda's limit on what goes into a synchronous call; its own runtime refuses what comes out. */
export const lambdaPayloadBytes = 6 * 1024 * 1024;

export interface LambdaCall {
  functionArn: string;
  /** ARN of the route, method or authorizer that calls. */
  sourceArn: string;
  event: unknown;
  timeoutMs: number;
}

/** Calls a function as API Gateway does: only with permission, and not longer than the integration's timeout. */
export function invokeLambda(
  { lambda, clock, log }: Pick<GatewayPorts, "lambda" | "clock" | "log">,
  { functionArn, sourceArn, event, timeoutMs }: LambdaCall,
): Promise<Outcome> {
  if (!lambda.mayInvoke(functionArn, sourceArn)) {
    log(`no AWS::Lambda::Permission lets ${sourceArn} invoke ${functionArn}`);
    return Promise.resolve({ kind: "noPermission" });
  }
  return new Promise((settle) => {
    const timer = clock.setTimeout(() => settle({ kind: "timedOut" }), timeoutMs);
    const finish = (outcome: Outcome) => {
      clock.clearTimeout(timer);
      settle(outcome);
    };
    lambda.invoke(functionArn, event).then(
      (result) =>
        finish(
          result.ok
            ? { kind: "answered", payload: result.payload }
            : { kind: "failed", errorMessage: result.errorMessage },
        ),
      (error: unknown) => finish({ kind: "failed", errorMessage: String(error) }),
    );
  });
}
