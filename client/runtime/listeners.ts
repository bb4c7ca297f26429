type AnyListener = (data: never, frame: never) => unknown;

/** Who listens to what. */
export interface Listeners {
  /** @returns takes this listener away again; the same function may listen twice */
  add(eventName: string, listener: AnyListener): () => void;
  tell(frame: { eventName: string; data?: unknown }): void;
}

export function makeListeners(): Listeners {
  const entries = new Set<{ eventName: string; listener: AnyListener }>();
  return {
    add(eventName, listener) {
      const entry = { eventName, listener };
      entries.add(entry);
      return () => {
        entries.delete(entry);
      };
    },
    tell(frame) {
      // A copy: whoever is added meanwhile hears the next one. Whoever is taken away meanwhile hears nothing more.
      for (const entry of [...entries]) {
        if (entry.eventName === frame.eventName && entries.has(entry)) {
          void isolated(entry.listener, frame.data as never, frame as never);
        }
      }
    },
  };
}

/** Calls at once. The page's own code may throw, or return a promise that fails: that is reported and harms nothing else. */
export async function isolated<Args extends readonly unknown[]>(
  call: ((...args: Args) => unknown) | undefined,
  ...args: Args
): Promise<void> {
  try {
    await call?.(...args);
  } catch (error) {
    (globalThis.reportError ?? console.error)(error);
  }
}
