/** An event that was put on a bus of EventBridge. */
export interface BusEvent {
  /** `default`, unless the template has another. */
  bus: string;
  source: string;
  detailType: string;
  detail: Record<string, unknown>;
}

/** Every event of this run. */
export interface RecordedEvents {
  add(event: BusEvent): void;
  /** Oldest first. */
  readonly all: readonly BusEvent[];
  /** Resolves with the oldest event that fits, as soon as there is one. */
  first(fits?: (event: BusEvent) => boolean): Promise<BusEvent>;
}

/** @param log is told of each event in a line: which message it is about and whom, if it says so; nothing else of it */
export function recordEvents(log: (line: string) => void): RecordedEvents {
  const all: BusEvent[] = [];
  const waiting = new Set<(event: BusEvent) => void>();
  return {
    all,
    add: (event) => {
      all.push(event);
      log(lineOf(event));
      for (const look of waiting) look(event);
    },
    first: (fits = () => true) => {
      const found = all.find(fits);
      if (found) return Promise.resolve(found);
      return new Promise((resolve) => {
        const look = (event: BusEvent) => {
          if (!fits(event)) return;
          waiting.delete(look);
          resolve(event);
        };
        waiting.add(look);
      });
    },
  };
}

function lineOf({ bus, source, detailType, detail }: BusEvent): string {
  const { messageId, subject, roomId } = detail;
  const about = [messageId, subject, roomId].every((name) => typeof name === "string")
    ? `${messageId} to ${subject} in ${roomId}`
    : `from ${source} on the bus ${bus}`;
  return `event ${detailType} ${about}`;
}
