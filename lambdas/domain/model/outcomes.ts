import type { PostOutcome } from "./gateway.ts";

/** How many members a message was for, and how their posts ended. `waiting`: deferred, the message is only in the log. */
export type Outcomes = Record<Exclude<PostOutcome, "tooLarge"> | "members" | "waiting", number>;

/** The outcomes before the first post. */
export const noOutcomes = (): Outcomes => ({
  members: 0,
  sent: 0,
  gone: 0,
  slow: 0,
  failed: 0,
  unknown: 0,
  waiting: 0,
});
