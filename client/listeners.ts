type AnyListener = (data: never, frame: never) => void;

/** Who listens to what. */
export class Listeners {
  readonly #byEvent = new Map<string, Set<{ listener: AnyListener }>>();

  /** @returns takes this listener away again; the same function may listen twice */
  add(eventName: string, listener: AnyListener): () => void {
    const entry = { listener };
    const entries = this.#byEvent.get(eventName) ?? new Set();
    this.#byEvent.set(eventName, entries.add(entry));
    return () => {
      entries.delete(entry);
    };
  }

  tell(eventName: string, data: unknown, frame: unknown): void {
    const entries = this.#byEvent.get(eventName);
    // A copy: whoever is added meanwhile hears the next one. Whoever is taken away meanwhile hears nothing more.
    for (const entry of [...(entries ?? [])]) {
      if (entries?.has(entry)) isolated(entry.listener)(data as never, frame as never);
    }
  }
}

/** The page's own code may throw: that is reported and harms nothing else. */
export function isolated<Args extends readonly unknown[]>(call: (...args: Args) => unknown) {
  return (...args: Args): void => {
    try {
      const result = call(...args);
      if (result instanceof Promise) result.catch(report);
    } catch (error) {
      report(error);
    }
  };
}

function report(error: unknown): void {
  if (typeof reportError === "function") reportError(error);
  else console.error(error);
}
