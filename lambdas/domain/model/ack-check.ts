import type { Member, Part } from "./member.ts";

/** Schedules an ack check of a room, `afterMs` from now. */
export type ScheduleAckCheck = (check: AckCheck, afterMs: number) => Promise<void>;

/** One item of the ack check queue. */
export interface AckCheck {
  roomId: string;
  /** How many checks before this one each scheduled the next. */
  hop: number;
  /** The part of the members to check. Default: all. */
  part?: Part;
  /** Continues a check that ran out of time after the session `after`. Of the sessions before, one is due at `nextAtMs`. */
  rest?: { after?: string; nextAtMs?: number };
  /** Instead of a check: this session may not have received the notice that this generation evicted it. */
  evicted?: Pick<Member, "session" | "connectionId" | "generation">;
  /** Instead of a check: the user joined at the newest message, and may have received these on no device. */
  unread?: { epoch: string; after: number; upTo: number };
}
