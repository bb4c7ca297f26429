/** Time as the local runtime sees it; tests have one that they move themselves. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  setTimeout(run: () => void, delayMs: number): TimeoutHandle;
  clearTimeout(handle: TimeoutHandle | undefined): void;
}
/** Belongs to the clock that gave it. */
export type TimeoutHandle = NodeJS.Timeout | number;

export const realClock: Clock = {
  now: () => Date.now(),
  setTimeout: (run, delayMs) => setTimeout(run, delayMs),
  clearTimeout: (handle) => clearTimeout(handle),
};
