import type { Stack } from "../template/stack.ts";
import type { Invocations } from "../world/invocations.ts";
import type { Logs } from "../world/logs.ts";
import type { InvocationChain } from "./event-source/recursion-guard.ts";
import type { Outcome } from "./execution/environment.ts";
import { createEnvironmentPool, type EnvironmentPool } from "./execution/environment-pool.ts";
import { type ServiceUrls, type Credentials, functionSpec } from "./function-spec.ts";
import { mayInvoke } from "./permissions.ts";

export interface LambdaFunctions {
  /**
   * Runs a function once; a failure of any kind is an outcome.
   *
   * @param functionArn or its logical id or name
   * @param chain what the messages were part of that it is run for
   * @throws if the template has no such function
   */
  invoke(functionArn: string, event: unknown, chain?: InvocationChain): Promise<Outcome>;
  /** Whether the template lets API Gateway call the function on behalf of `sourceArn`. Whoever invokes has to ask. */
  mayInvoke(functionArn: string, sourceArn: string): boolean;
  close(): Promise<void>;
}

export interface LambdaOptions {
  stack: Stack;
  serviceUrls: ServiceUrls;
  credentialsOf: (functionLogicalId: string) => Credentials;
  logs: Logs;
  invocations: Pick<Invocations, "begin">;
  /** At most so many environments per function; further events wait. */
  environmentsMax: number;
}

/** Starts no environment: the first event of a function is a cold start, as on Lambda. */
export function createLambda(options: LambdaOptions): LambdaFunctions {
  const { stack, serviceUrls, credentialsOf, logs, invocations, environmentsMax } = options;
  const pools = new Map<string, { logicalId: string; pool: EnvironmentPool }>();
  for (const resource of stack.ofType("AWS::Lambda::Function")) {
    const { logicalId } = resource;
    const spec = functionSpec(stack, resource, credentialsOf(logicalId), serviceUrls);
    const pool = createEnvironmentPool(spec, environmentsMax, (text) => logs.add(logicalId, text));
    for (const name of [logicalId, spec.functionArn, spec.functionName]) {
      pools.set(name, { logicalId, pool });
    }
  }
  return {
    invoke: (functionArn, event, chain = {}) => {
      const found = pools.get(functionArn);
      if (!found) throw new Error(`the template has no function ${functionArn}`);
      return found.pool.run(event, (kill) => invocations.begin(found.logicalId, chain, kill));
    },
    mayInvoke: (functionArn, sourceArn) => mayInvoke(stack, functionArn, "apigateway.amazonaws.com", sourceArn),
    close: async () => {
      await Promise.all([...pools.values()].map(({ pool }) => pool.close()));
    },
  };
}
