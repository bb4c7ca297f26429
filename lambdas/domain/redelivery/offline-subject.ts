import { readWaiting } from "../log/read.ts";
import type { Deps } from "../model/deps.ts";
import type { Room } from "../model/room.ts";
import type { Undelivered } from "../model/undelivered.ts";
import { mostTries } from "../schedule/ack-wait.ts";
import { undeliveredOf } from "./report-undelivered.ts";

/** Where the books keep what was reported of a room; no subject is called so in a room of one's own. */
export const reportedBy = "@reported";

/** And up to where a device of the person was sent messages often enough. */
export const givenUpBy = "@givenUp";

/** As many as one look reports; the rest with the next. */
export const mostReported = 100;

/**
 * Somebody was pushed to and no page of theirs is there that acks. They may come back while a member's redeliveries
 * would be going on; after that their messages are undelivered.
 */
export async function lookForAbsent(
  deps: Pick<Deps, "cursors" | "log" | "now" | "redeliverAfterMs">,
  room: Room,
  subject: string,
  round: number,
): Promise<{ undelivered: Undelivered[]; nexts: number[]; noteReported?: () => Promise<void> }> {
  const { cursors, now, redeliverAfterMs } = deps;
  const { roomId, epoch } = room;
  const names = [subject, reportedBy, givenUpBy];
  const stops = await Promise.all(names.map((name) => cursors.get(roomId, name)));
  const seqs = stops.map((stop) => (stop?.epoch === epoch && stop.hasAcked ? stop.seq : 0));
  const waiting = await readWaiting(deps, room, Math.max(...seqs), mostReported);
  if (waiting.length === 0) return { undelivered: [], nexts: [] };
  if (round < mostTries) return { undelivered: [], nexts: [now() + redeliverAfterMs * 2 ** (round + 1)] };

  const due = waiting.filter(({ atMs }) => atMs + redeliverAfterMs <= now());
  const last = due.at(-1);
  const rest = waiting.length > due.length ? [now() + redeliverAfterMs] : [];
  return {
    undelivered: due.flatMap((entry) => undeliveredOf(entry, subject)),
    nexts: rest,
    ...(last && { noteReported: () => cursors.keep(roomId, reportedBy, { epoch, seq: last.seq, hasAcked: true }) }),
  };
}
