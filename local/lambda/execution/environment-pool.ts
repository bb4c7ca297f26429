import type { InvocationHandle } from "../../world/invocations.ts";
import { type Environment, type FunctionSpec, type Outcome, startEnvironment } from "./environment.ts";

/** The execution environments of one function. */
export interface EnvironmentPool {
  /**
   * Runs an event in a free environment. A failure is an outcome; the promise does not reject.
   *
   * @param begin called when an environment takes the event
   */
  run(event: unknown, begin?: (kill: () => void) => InvocationHandle): Promise<Outcome>;
  close(): Promise<void>;
}

/** More cold starts at the same time would take longer than Lambda's init timeout on a laptop. */
const maxConcurrentStarts = 2;

/**
 * Creates an empty pool. Lambda starts an environment for each event that finds none idle, up to 1,000. Here an event
 * waits until one of at most `maxEnvironments` is idle, whether or not it was started for this event.
 */
export function createEnvironmentPool(
  spec: FunctionSpec,
  maxEnvironments: number,
  print: (text: string) => void,
): EnvironmentPool {
  const all = new Set<Environment>();
  // A stack: as on Lambda, the environment that was used last is used first.
  const idle: Environment[] = [];
  const waitingEvents: ((environment: Environment) => void)[] = [];
  let starting = 0;
  let closed = false;

  const startMore = () => {
    while (!closed && starting < Math.min(maxConcurrentStarts, waitingEvents.length) && all.size < maxEnvironments) {
      const environment = startEnvironment(spec, print);
      all.add(environment);
      starting += 1;
      void environment.ready.then(() => {
        starting -= 1;
        // Also if the start failed: the outcome of the event then holds the reason.
        assign(environment);
      });
    }
  };
  const assign = (environment: Environment) => {
    const next = waitingEvents.shift();
    if (next) next(environment);
    else if (environment.isUsable()) idle.push(environment);
    else all.delete(environment);
    startMore();
  };
  const acquire = async (): Promise<Environment> => {
    const warm = idle.pop();
    if (warm) return warm;
    const { promise, resolve } = Promise.withResolvers<Environment>();
    waitingEvents.push(resolve);
    startMore();
    return promise;
  };
  const release = (environment: Environment) => {
    if (environment.isUsable()) return assign(environment);
    all.delete(environment);
    startMore();
  };

  return {
    run: async (event, begin) => {
      const environment = await acquire();
      const invocation = begin?.(environment.kill);
      const outcome = await environment.run(event, invocation?.trace);
      invocation?.end(outcome.ok ? "returned" : "failed");
      release(environment);
      return outcome;
    },
    close: async () => {
      closed = true;
      const environments = [...all];
      await Promise.all(environments.map((environment) => environment.close()));
      // Waiting events get a closed environment, whose outcome is a crash.
      for (const next of waitingEvents.splice(0)) for (const any of environments.slice(0, 1)) next(any);
    },
  };
}
