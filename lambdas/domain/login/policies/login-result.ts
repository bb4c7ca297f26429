import type { Position } from "../../../../protocol/frames.ts";
import type { Room } from "../../model/room.ts";

/**
 * The session is a member. It receives everything after `seq`; `head` is the newest number known. Messages between the two
 * may have been posted before the membership was written.
 */
export interface Admitted extends Position {
  kind: "in";
  /** The membership existed before and keeps its cursor. */
  isResumed?: true;
  /** The last number that the member itself has acknowledged, as it is stored. */
  ackedSeq?: number;
  generation: number;
  head: number;
  /** The room as read after the membership was written: later messages are posted to the member. */
  room?: Room;
}

/** The outcome of a login. `occupied` is 2004, `evicted` is 2005, `refused` is 2003. */
export type LoginResult =
  | Admitted
  | { kind: "occupied" }
  | { kind: "evicted"; generation: number }
  | { kind: "refused"; reason: string };

/** @param reason for the page's developer */
export const refuse = (reason: string): LoginResult => ({ kind: "refused", reason });

/** The connection ended during its login, so no page receives this reply. */
export const connectionGone = refuse("the connection has ended");

export const tooBusy = refuse("too many logins to the room at once, try again");
