import { frameCodes, frameTexts } from "../../../protocol/codes.ts";
import type { LoginFrame, RoomToRestore } from "../../../protocol/frames.ts";
import { everyone, ownRoom, userRoom } from "../../../protocol/ids.ts";
import { missedBytes } from "../log/read.ts";
import { removeMembership } from "../membership/end-membership.ts";
import { scheduleUnreadCheck } from "../membership/unread-before-join.ts";
import type { Caller, Connection } from "../model/connection.ts";
import type { Deps } from "../model/deps.ts";
import { pollingConnectionId, pollingLeaseMs } from "../model/polling.ts";
import { restoreRoom } from "./resume.ts";

/** A poll. `session` and `rooms` are those of `hello`. */
export interface PollRequest {
  session?: string;
  rooms: RoomToRestore[];
  /** Rooms to leave, before `rooms` are restored. */
  leave?: string[];
}
export interface PollResponse {
  data: { code: string; msg: string };
  session: string;
  rooms: LoginFrame[];
  /** The pause before the next poll, in milliseconds. */
  retryAfterMs: number;
  /** The longest pause of a page that has received nothing for a while, in milliseconds. Absent if there are messages. */
  retryUpToMs?: number;
}

type PollCaller = Omit<Caller, "connectionId" | "transport" | "connectedAtMs">;

/** A polling session as the connection that all logins expect. */
const connectionOfPoll = (caller: PollCaller, session: string, nowMs: number): Connection => ({
  ...caller,
  connectionId: pollingConnectionId(session),
  transport: "polling",
  session,
  // A poll does not take over the membership of a newer connection. The time of its arrival counts: by the time it is
  // handled, its page may have connected.
  connectedAtMs: caller.requestedAtMs ?? nowMs,
  probe: false,
  acks: true,
});

/** Ends only the subject's own membership, so that a stolen session is of no use to another user. */
async function leaveIfOwn(deps: Deps, { session, connectionId, subject, requestedAtMs }: Connection, roomId: string) {
  const membership = await deps.members.get(roomId, session);
  if (membership?.subject === subject) await removeMembership(deps, roomId, session, connectionId, requestedAtMs);
}

/** After a response with messages, because more may follow soon. */
const busy = { retryAfterMs: 500 };
/** After an empty response. At most a third of a lease, so that two polls may fail before a membership ends. */
const idle = { retryAfterMs: 3_000, retryUpToMs: pollingLeaseMs / 3 };

/**
 * One poll: restores the session's rooms, which renews their leases, and returns the messages after its positions. The
 * positions are its acks.
 */
export async function poll(
  deps: Deps,
  caller: PollCaller,
  { session: known, rooms, leave = [] }: PollRequest,
): Promise<PollResponse> {
  const session = known ?? deps.newId();
  const self = connectionOfPoll(caller, session, deps.now());
  const implicit = [everyone, ownRoom].filter((name) => !rooms.some(({ roomId }) => roomId === name));
  const wanted = [...implicit.map((roomId) => ({ roomId })), ...rooms];
  const budgetBytes = missedBytes / Math.max(1, rooms.length);
  // First, because one poll may leave a room and log in to it again.
  await Promise.all(leave.map((roomId) => leaveIfOwn(deps, self, roomId)));
  // Later polls have `since`, so they cannot miss anything.
  const isNew = known === undefined && implicit.includes(ownRoom);
  const [replies] = await Promise.all([
    Promise.all(wanted.map((room) => restoreRoom(deps, self, room, budgetBytes))),
    isNew && scheduleUnreadCheck(deps, self.subject, deps.rooms.find(userRoom(self.subject))),
  ]);
  const hasNews = replies.some((room) => room.type === "loggedIn" && (room.missed?.length ?? 0) > 0);
  return {
    data: { code: frameCodes.connected, msg: frameTexts.connected },
    session,
    rooms: replies,
    ...(hasNews ? busy : idle),
  };
}
