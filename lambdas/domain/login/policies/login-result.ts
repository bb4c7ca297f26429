import { frameCodes, frameTexts } from "../../../../protocol/codes.ts";
import type { LoginFrame, Position } from "../../../../protocol/frames.ts";
import { evictedFrame } from "../../membership/evict.ts";
import type { Room } from "../../model/room.ts";

/**
 * The session is in and gets everything behind `seq`; `head` is the newest known. Where the two differ, what is between
 * them may have been posted before the place was there.
 */
export interface Admitted extends Position {
  kind: "in";
  /** The place was there already, with what was acked in it. */
  isResumed?: true;
  /** By the member's own word it has everything up to here, and the books say so. */
  ackedSeq?: number;
  generation: number;
  head: number;
  /** If the room was read after the place was written: what it does not count yet will be posted there. */
  room?: Room;
}

/** What a login came to; the codes that pages know say it in other words. */
export type LoginResult =
  | Admitted
  | { kind: "occupied" }
  | { kind: "evicted"; generation: number }
  | { kind: "refused"; why: string };

/** @param why for the page's developer */
export const refuse = (why: string): LoginResult => ({ kind: "refused", why });

/** The connection ended while its login was under way: nobody hears this. */
export const connectionGone = refuse("the connection has ended");

export const tooBusy = refuse("too many logins to the room at once, try again");

/** The reply to a login. */
export function loginFrame(roomId: string, result: LoginResult): LoginFrame {
  switch (result.kind) {
    case "in": {
      const { generation, epoch, seq } = result;
      const data = { code: frameCodes.loggedIn, msg: frameTexts.loggedIn(roomId) };
      return { type: "loggedIn", eventName: "loginRoomResp", data, roomId, generation, epoch, seq };
    }
    case "occupied":
      return failed(roomId, frameCodes.occupied, frameTexts.occupied(roomId));
    case "refused":
      return failed(roomId, frameCodes.loginFailed, result.why);
    case "evicted":
      return evictedFrame(roomId, result.generation);
  }
}

function failed(roomId: string, code: "2003" | "2004", msg: string): LoginFrame {
  return { type: "loginFailed", eventName: "loginRoomResp", data: { code, msg }, roomId };
}
