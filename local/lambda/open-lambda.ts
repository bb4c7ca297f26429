import type { Logs } from "../logs.ts";
import type { Stack } from "../stack.ts";
import type { Outcome } from "./environment.ts";
import { type Addresses, type Credentials, functionSpec } from "./function-specs.ts";
import { mayInvoke } from "./may-invoke.ts";
import { makePool, type Pool } from "./pool.ts";

export interface Lambda {
  /**
   * Runs a function once; a failure of any kind is an outcome.
   *
   * @param functionArn or its logical id or name
   * @throws if the template has no such function
   */
  invoke(functionArn: string, event: unknown): Promise<Outcome>;
  /** Whether the template lets API Gateway call the function on behalf of `sourceArn`. Whoever invokes has to ask. */
  mayInvoke(functionArn: string, sourceArn: string): boolean;
  close(): Promise<void>;
}

export interface LambdaOptions {
  stack: Stack;
  addresses: Addresses;
  credentialsOf: (functionLogicalId: string) => Credentials;
  logs: Logs;
  /** At most so many environments per function; further events wait. */
  environmentsMax: number;
}

/** Starts no environment: the first event of a function is a cold start, as on Lambda. */
export function openLambda({ stack, addresses, credentialsOf, logs, environmentsMax }: LambdaOptions): Lambda {
  const pools = new Map<string, Pool>();
  for (const resource of stack.ofType("AWS::Lambda::Function")) {
    const { logicalId } = resource;
    const spec = functionSpec(stack, resource, credentialsOf(logicalId), addresses);
    const pool = makePool(spec, environmentsMax, (text) => logs.add(logicalId, text));
    for (const name of [logicalId, spec.functionArn, spec.functionName]) pools.set(name, pool);
  }
  return {
    invoke: (functionArn, event) => {
      const pool = pools.get(functionArn);
      if (!pool) throw new Error(`the template has no function ${functionArn}`);
      return pool.run(event);
    },
    mayInvoke: (functionArn, sourceArn) => mayInvoke(stack, functionArn, "apigateway.amazonaws.com", sourceArn),
    close: async () => {
      await Promise.all([...new Set(pools.values())].map((pool) => pool.close()));
    },
  };
}
