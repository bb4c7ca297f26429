import type { Member, Part } from "./member.ts";

/** Orders a look at a room's cursors; `round` counts the looks that ordered the next one. */
export type ScheduleAckCheck = (check: AckCheck, afterMs: number) => Promise<void>;

export interface AckCheck {
  roomId: string;
  hop: number;
  /** Only at these of the members. */
  part?: Part;
  /** The look before had no time for those behind that session; of the others, somebody waits for a look at `nextAtMs`. */
  rest?: { after?: string; nextAtMs?: number };
  /** Instead of looking: somebody who was put out by this generation may not have heard of it. */
  evicted?: Pick<Member, "session" | "connectionId" | "generation">;
  /** Instead of looking: a person came back at the newest message, and these may have come to no device of theirs. */
  unread?: { epoch: string; after: number; upTo: number };
}
