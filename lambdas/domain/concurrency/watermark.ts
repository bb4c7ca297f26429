/** What is begun in order and ends in any order: up to where all has ended. */
export interface Watermark {
  /** @returns call it when it has ended */
  start(name: string): () => void;
  /** Name of the last one up to which all have ended. */
  readonly upTo: string | undefined;
}

/** @param upTo where it stands already */
export function makeWatermark(upTo: string | undefined): Watermark {
  const begun: { name: string; hasEnded: boolean }[] = [];
  let watermark = upTo;
  return {
    start(name) {
      const one = { name, hasEnded: false };
      begun.push(one);
      return () => {
        one.hasEnded = true;
        while (begun[0]?.hasEnded) watermark = begun.shift()?.name;
      };
    },
    get upTo() {
      return watermark;
    },
  };
}
