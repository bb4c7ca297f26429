import type { PostOutcome } from "./gateway.ts";

export type Outcomes = Record<Exclude<PostOutcome, "tooLarge"> | "members" | "waiting", number>;

/** Before anybody was posted to. */
export const noOutcomes = (): Outcomes => ({
  members: 0,
  sent: 0,
  gone: 0,
  slow: 0,
  failed: 0,
  unknown: 0,
  waiting: 0,
});
