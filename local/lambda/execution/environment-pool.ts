import type { InvocationHandle } from "../../world/invocations.ts";
import { type Environment, type FunctionSpec, type Outcome, startEnvironment } from "./environment.ts";

/** The execution environments of one function. */
export interface EnvironmentPool {
  /**
   * Never throws: what went wrong is an outcome.
   *
   * @param begin is called when an environment takes the event
   */
  run(event: unknown, begin?: (kill: () => void) => InvocationHandle): Promise<Outcome>;
  close(): Promise<void>;
}

/** More cold starts than this at once, and a laptop would need longer for each than Lambda allows. */
const startConcurrency = 2;

/**
 * Lambda starts an environment for every event that finds none idle, up to a thousand. A laptop has no room for that
 * many: an event waits until one of at most `environmentsMax` is idle, be it started for this event or not.
 */
export function createEnvironmentPool(spec: FunctionSpec, environmentsMax: number, print: (text: string) => void): EnvironmentPool {
  const all = new Set<Environment>();
  // The one used last is taken first, as on Lambda.
  const idle: Environment[] = [];
  const waiting: ((environment: Environment) => void)[] = [];
  let starting = 0;
  let closed = false;

  const startMore = () => {
    while (!closed && starting < Math.min(startConcurrency, waiting.length) && all.size < environmentsMax) {
      const environment = startEnvironment(spec, print);
      all.add(environment);
      starting += 1;
      void environment.ready.then(() => {
        starting -= 1;
        // Also one that failed: its event has to hear why.
        offer(environment);
      });
    }
  };
  const offer = (environment: Environment) => {
    const next = waiting.shift();
    if (next) next(environment);
    else if (environment.isUsable()) idle.push(environment);
    else all.delete(environment);
    startMore();
  };
  const take = async (): Promise<Environment> => {
    const warm = idle.pop();
    if (warm) return warm;
    const { promise, resolve } = Promise.withResolvers<Environment>();
    waiting.push(resolve);
    startMore();
    return promise;
  };
  const giveBack = (environment: Environment) => {
    if (environment.isUsable()) return offer(environment);
    all.delete(environment);
    startMore();
  };

  return {
    run: async (event, begin) => {
      const environment = await take();
      const invocation = begin?.(environment.kill);
      const outcome = await environment.run(event, invocation?.trace);
      invocation?.end(outcome.ok ? "returned" : "failed");
      giveBack(environment);
      return outcome;
    },
    close: async () => {
      closed = true;
      const environments = [...all];
      await Promise.all(environments.map((environment) => environment.close()));
      // They hear that it has ended.
      for (const next of waiting.splice(0)) for (const any of environments.slice(0, 1)) next(any);
    },
  };
}
