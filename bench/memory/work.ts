/** Posts of each process before the measurement, as most workers have worked before. */
export const warmUpMembers = 5_000;

/** Where the members of a room come from. `generatedUnstreamed` is the control without streaming. */
export type Source = "table" | "generated" | "generatedUnstreamed";

export interface WorkerInput {
  source: Source;
  size: number;
}

/** Memory and time of one worker for one room. */
export interface Work {
  /** Peak of the resident memory, minus `idleBytes`. */
  peakBytes: number;
  /** Resident memory before the first task. */
  idleBytes: number;
  /** Live memory when half of the members have been posted to, minus live memory at the end. */
  liveBytes: number;
  wallMs: number;
  /** CPU of the worker's process. */
  cpuMs: number;
  /** Maximum of members that were read and not yet posted to. */
  maxHeld: number;
  /** Runs of the task: after 22 s a worker enqueues the rest as a new run. */
  runs: number;
}
