/** The time that the local runtime uses. Tests pass a clock that they move by hand. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  setTimeout(run: () => void, delayMs: number): TimeoutHandle;
  clearTimeout(handle: TimeoutHandle | undefined): void;
}
/** Valid only for the clock that returned it. */
export type TimeoutHandle = NodeJS.Timeout | number;

/** The machine's clock. */
export const realClock: Clock = {
  now: () => Date.now(),
  setTimeout: (run, delayMs) => setTimeout(run, delayMs),
  clearTimeout: (handle) => clearTimeout(handle),
};
