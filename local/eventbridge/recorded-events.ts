/** An event that a function put on an event bus. */
export interface BusEvent {
  /** The bus' name, such as `default`. */
  bus: string;
  source: string;
  detailType: string;
  detail: Record<string, unknown>;
}

/** All events since the local runtime started. */
export interface RecordedEvents {
  add(event: BusEvent): void;
  /** Oldest first. */
  readonly all: readonly BusEvent[];
  /**
   * Resolves with the oldest event that matches. Waits for it if there is none yet.
   *
   * @param matches @default any event
   */
  first(matches?: (event: BusEvent) => boolean): Promise<BusEvent>;
}

/** @param log receives one line for each event, which does not contain the event's data */
export function recordEvents(log: (line: string) => void): RecordedEvents {
  const all: BusEvent[] = [];
  const listeners = new Set<(event: BusEvent) => void>();
  return {
    all,
    add: (event) => {
      all.push(event);
      log(logLine(event));
      for (const listener of listeners) listener(event);
    },
    first: (matches = () => true) => {
      const found = all.find(matches);
      if (found) return Promise.resolve(found);
      return new Promise((resolve) => {
        const listener = (event: BusEvent) => {
          if (!matches(event)) return;
          listeners.delete(listener);
          resolve(event);
        };
        listeners.add(listener);
      });
    },
  };
}

function logLine({ bus, source, detailType, detail }: BusEvent): string {
  const { messageId, subject, roomId } = detail;
  const description = [messageId, subject, roomId].every((name) => typeof name === "string")
    ? `${messageId} to ${subject} in ${roomId}`
    : `from ${source} on the bus ${bus}`;
  return `event ${detailType} ${description}`;
}
