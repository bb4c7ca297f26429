type AnyListener = (data: never, frame: never) => unknown;

/** The page's listeners by event name. */
export interface Listeners {
  /** @returns a function that removes this listener. The same listener may be added twice. */
  add(eventName: string, listener: AnyListener): () => void;
  /** Calls the listeners of the frame's event, in the order in which they were added. */
  notify(frame: { eventName: string; data?: unknown }): void;
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
    notify(frame) {
      // A copy: a listener that is added meanwhile receives only later frames, a removed one receives nothing more.
      for (const entry of [...entries]) {
        if (entry.eventName === frame.eventName && entries.has(entry)) {
          void isolated(entry.listener, frame.data as never, frame as never);
        }
      }
    },
  };
}

/**
 * Calls a function immediately. An error of it, thrown or as a rejected promise, is reported to the page's global error
 * handler and has no other effect.
 */
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
