/** Finds how far work is done that starts in order and ends in any order. */
export interface Watermark {
  /** Starts an item of work. @returns a function to call when it has ended */
  start(name: string): () => void;
  /** The name of the last item up to which all items have ended. */
  readonly upTo: string | undefined;
}

/** @param upTo the watermark before the first item */
export function makeWatermark(upTo: string | undefined): Watermark {
  const started: { name: string; hasEnded: boolean }[] = [];
  let watermark = upTo;
  return {
    start(name) {
      const work = { name, hasEnded: false };
      started.push(work);
      return () => {
        work.hasEnded = true;
        while (started[0]?.hasEnded) watermark = started.shift()?.name;
      };
    },
    get upTo() {
      return watermark;
    },
  };
}
