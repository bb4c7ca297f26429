import { frameCodes, frameTexts } from "../../../protocol/codes.ts";
import type { LoginFrame, RoomToRestore } from "../../../protocol/frames.ts";
import { everyone, ownRoom, userRoom } from "../../../protocol/ids.ts";
import { missedBytes } from "../log/read.ts";
import { removeMembership } from "../membership/end-membership.ts";
import { scheduleUnreadCheck } from "../membership/unread-before-join.ts";
import type { Caller, Connection } from "../model/connection.ts";
import type { Deps } from "../model/deps.ts";
import { leaseMs, pollingConnectionId } from "../model/polling.ts";
import { restoreRoom } from "./resume.ts";

/** What a page without a WebSocket asks: the same as `hello` does. */
export interface PollRequest {
  session?: string;
  rooms: RoomToRestore[];
  /** Rooms whose places it gives back. */
  leave?: string[];
}
export interface PollAnswer {
  data: { code: string; msg: string };
  session: string;
  rooms: LoginFrame[];
  /** When to poll again. */
  retryAfterMs: number;
  /** Nothing came: who has heard nothing for long may wait so long instead. */
  retryUpToMs?: number;
}

/** Whoever got hold of a stranger's session gets nothing by it, nor takes anything away. */
async function leaveIfOwn(deps: Deps, { session, connectionId, subject, requestedAtMs }: Connection, roomId: string) {
  const membership = await deps.members.get(roomId, session);
  if (membership?.subject === subject) await removeMembership(deps, roomId, session, connectionId, requestedAtMs);
}

/** Something came: there may be more at once. */
const busy = { retryAfterMs: 500 };
/** Nothing came. A third of a lease at most: two polls may fail before a place is lost. */
const idle = { retryAfterMs: 3_000, retryUpToMs: leaseMs / 3 };

/**
 * One poll: logs in to rooms or keeps the places in them, and answers what came behind the cursors. The cursors are the
 * acks: what a page asks to follow it has.
 */
export async function poll(
  deps: Deps,
  caller: Omit<Caller, "connectionId" | "transport" | "connectedAtMs">,
  { session: known, rooms, leave = [] }: PollRequest,
): Promise<PollAnswer> {
  const session = known ?? deps.newId();
  const connectionId = pollingConnectionId(session);
  // The moment of this poll takes the place of the connect: a place follows the newer of a poll and a connection. That it
  // came in counts, not that it is handled: a page that gave it up may have connected since.
  const connectedAtMs = caller.requestedAtMs ?? deps.now();
  const self: Connection = {
    ...caller,
    connectionId,
    transport: "polling",
    session,
    connectedAtMs,
    probe: false,
    acks: true,
  };
  const unnamed = [everyone, ownRoom].filter((name) => !rooms.some(({ roomId }) => roomId === name));
  const wanted = [...unnamed.map((roomId) => ({ roomId })), ...rooms];
  const budgetBytes = missedBytes / Math.max(1, rooms.length);
  // First: a room may be left and entered anew by one poll.
  await Promise.all(leave.map((roomId) => leaveIfOwn(deps, self, roomId)));
  // Its later polls say where they go on.
  const isNew = known === undefined && unnamed.includes(ownRoom);
  const [answers] = await Promise.all([
    Promise.all(wanted.map((room) => restoreRoom(deps, self, room, budgetBytes))),
    isNew && scheduleUnreadCheck(deps, self.subject, deps.rooms.find(userRoom(self.subject))),
  ]);
  const hasNews = answers.some((room) => room.type === "loggedIn" && (room.missed?.length ?? 0) > 0);
  return {
    data: { code: frameCodes.connected, msg: frameTexts.connected },
    session,
    rooms: answers,
    ...(hasNews ? busy : idle),
  };
}
