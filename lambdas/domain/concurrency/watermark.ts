/** What is begun in order and ends in any order: up to where all has ended. */
export interface Floor {
  /** @returns call it when it has ended */
  begin(name: string): () => void;
  /** Name of the last one up to which all have ended. */
  readonly upTo: string | undefined;
}

/** @param upTo where it stands already */
export function makeFloor(upTo: string | undefined): Floor {
  const begun: { name: string; hasEnded: boolean }[] = [];
  let floor = upTo;
  return {
    begin(name) {
      const one = { name, hasEnded: false };
      begun.push(one);
      return () => {
        one.hasEnded = true;
        while (begun[0]?.hasEnded) floor = begun.shift()?.name;
      };
    },
    get upTo() {
      return floor;
    },
  };
}
