import type { Stack } from "../template/stack.ts";
import type { Invocations } from "../world/invocations.ts";
import type { Logs } from "../world/logs.ts";
import type { Chain } from "./event-source/recursion-guard.ts";
import type { Outcome } from "./execution/environment.ts";
import { makePool, type Pool } from "./execution/environment-pool.ts";
import { type Addresses, type Credentials, functionSpec } from "./function-spec.ts";
import { mayInvoke } from "./permissions.ts";

export interface Lambda {
  /**
   * Runs a function once; a failure of any kind is an outcome.
   *
   * @param functionArn or its logical id or name
   * @param chain what the messages were part of that it is run for
   * @throws if the template has no such function
   */
  invoke(functionArn: string, event: unknown, chain?: Chain): Promise<Outcome>;
  /** Whether the template lets API Gateway call the function on behalf of `sourceArn`. Whoever invokes has to ask. */
  mayInvoke(functionArn: string, sourceArn: string): boolean;
  close(): Promise<void>;
}

export interface LambdaOptions {
  stack: Stack;
  addresses: Addresses;
  credentialsOf: (functionLogicalId: string) => Credentials;
  logs: Logs;
  invocations: Pick<Invocations, "begin">;
  /** At most so many environments per function; further events wait. */
  environmentsMax: number;
}

/** Starts no environment: the first event of a function is a cold start, as on Lambda. */
export function openLambda(options: LambdaOptions): Lambda {
  const { stack, addresses, credentialsOf, logs, invocations, environmentsMax } = options;
  const pools = new Map<string, { logicalId: string; pool: Pool }>();
  for (const resource of stack.ofType("AWS::Lambda::Function")) {
    const { logicalId } = resource;
    const spec = functionSpec(stack, resource, credentialsOf(logicalId), addresses);
    const pool = makePool(spec, environmentsMax, (text) => logs.add(logicalId, text));
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
