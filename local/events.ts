/** An event that was put on a bus of EventBridge. */
export interface BusEvent {
  /** `default`, unless the template has another. */
  bus: string;
  source: string;
  detailType: string;
  detail: Record<string, unknown>;
}

/** Every event of this run. */
export interface Events {
  add(event: BusEvent): void;
  /** Oldest first. */
  readonly all: readonly BusEvent[];
  /** Resolves with the oldest event that fits, as soon as there is one. */
  first(fits?: (event: BusEvent) => boolean): Promise<BusEvent>;
}

/** @param log is told of each event in a line, without what is in it */
export function openEvents(log: (line: string) => void): Events {
  const all: BusEvent[] = [];
  const waiting = new Set<(event: BusEvent) => void>();
  return {
    all,
    add: (event) => {
      all.push(event);
      log(`${event.detailType} from ${event.source} on the bus ${event.bus}`);
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
