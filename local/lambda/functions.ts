import type { Credentials } from "../sigv4/credentials.ts";
import type { Stack } from "../template/stack.ts";
import type { InvocationChain, Invocations } from "../world/invocations.ts";
import type { Logs } from "../world/logs.ts";
import type { Outcome } from "./execution/environment.ts";
import { createEnvironmentPool, type EnvironmentPool } from "./execution/environment-pool.ts";
import { type ServiceUrls, toFunctionSpec } from "./function-spec.ts";
import { mayInvoke } from "./permissions.ts";

/** The functions of the template. */
export interface LambdaFunctions {
  /**
   * Runs a function once. A failure is an outcome; the promise does not reject.
   *
   * @param nameOrArn logical id, name or ARN
   * @param chain the chain of the invocation. @default empty
   * @throws if the template has no such function
   */
  invoke(nameOrArn: string, event: unknown, chain?: InvocationChain): Promise<Outcome>;
  /** Whether the template allows API Gateway to invoke the function for `sourceArn`. `invoke` does not check it. */
  mayInvoke(functionArn: string, sourceArn: string): boolean;
  close(): Promise<void>;
}

export interface LambdaOptions {
  stack: Stack;
  serviceUrls: ServiceUrls;
  credentialsOf: (functionLogicalId: string) => Credentials;
  logs: Logs;
  invocations: Pick<Invocations, "begin">;
  /** Execution environments for each function, at most; further events wait. */
  maxEnvironments: number;
}

/**
 * Creates the functions of the template. No environment starts yet: the first event of a function is a cold start.
 *
 * @throws if the template has a function that the local runtime cannot run
 */
export function createLambda(options: LambdaOptions): LambdaFunctions {
  const { stack, serviceUrls, credentialsOf, logs, invocations, maxEnvironments } = options;
  const functions = new Map<string, { logicalId: string; pool: EnvironmentPool }>();
  for (const resource of stack.ofType("AWS::Lambda::Function")) {
    const { logicalId } = resource;
    const spec = toFunctionSpec(stack, resource, credentialsOf(logicalId), serviceUrls);
    const pool = createEnvironmentPool(spec, maxEnvironments, (text) => logs.add(logicalId, text));
    for (const name of [logicalId, spec.functionArn, spec.functionName]) functions.set(name, { logicalId, pool });
  }
  return {
    invoke: (nameOrArn, event, chain = {}) => {
      const found = functions.get(nameOrArn);
      if (!found) throw new Error(`the template has no function ${nameOrArn}`);
      return found.pool.run(event, (kill) => invocations.begin(found.logicalId, chain, kill));
    },
    mayInvoke: (functionArn, sourceArn) => mayInvoke(stack, functionArn, "apigateway.amazonaws.com", sourceArn),
    close: async () => {
      await Promise.all([...functions.values()].map(({ pool }) => pool.close()));
    },
  };
}
