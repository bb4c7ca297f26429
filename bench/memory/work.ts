/** Each process posts to so many before it counts: a worker has mostly worked before. */
export const warmUpMembers = 5_000;

/** Where a worker's members come from. */
export type Source = "table" | "generated" | "generatedAtOnce";

/** What a room took a worker. */
export interface Work {
  /** Peak of resident memory above that of the process before it had a task. */
  peakBytes: number;
  idleBytes: number;
  /** What is in use when half of the members have been posted to, without garbage, beyond what is left at the end. */
  liveBytes: number;
  wallMs: number;
  /** Of this process alone. */
  cpuMs: number;
  /** Members that were read and not yet posted to, at most. */
  mostHeld: number;
  /** Times that the worker's time for a round was over and it went on with the rest. */
  hops: number;
}
