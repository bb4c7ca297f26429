import { type Environment, type FunctionSpec, type Outcome, startEnvironment } from "./environment.ts";

/** The execution environments of one function. */
export interface Pool {
  /** Never throws: what went wrong is an outcome. */
  run(event: unknown): Promise<Outcome>;
  close(): Promise<void>;
}

/**
 * Lambda would start an environment for every event that finds none idle, up to a thousand; a laptop has no room for
 * that many, so what comes beyond `environmentsMax` waits for its turn.
 */
export function makePool(spec: FunctionSpec, environmentsMax: number, print: (text: string) => void): Pool {
  const all = new Set<Environment>();
  // The one used last is taken first, as on Lambda: the others stay cold spares.
  const idle: Environment[] = [];
  const waiting: ((environment: Environment) => void)[] = [];
  let closed = false;

  const start = () => {
    const environment = startEnvironment(spec, print);
    all.add(environment);
    return environment;
  };
  const take = async (): Promise<Environment> => {
    const warm = idle.pop();
    if (warm) return warm;
    if (all.size < environmentsMax) return start();
    return new Promise((resolve) => waiting.push(resolve));
  };
  const giveBack = (environment: Environment) => {
    if (!environment.isUsable()) all.delete(environment);
    if (closed) return;
    const next = waiting.shift();
    if (next) next(environment.isUsable() ? environment : start());
    else if (environment.isUsable()) idle.push(environment);
  };

  return {
    run: async (event) => {
      const environment = await take();
      try {
        return await environment.run(event);
      } finally {
        giveBack(environment);
      }
    },
    close: async () => {
      closed = true;
      await Promise.all([...all].map((environment) => environment.close()));
    },
  };
}
