import { readPending } from "../log/read.ts";
import type { Deps } from "../model/deps.ts";
import type { Room } from "../model/room.ts";
import type { Undelivered } from "../model/undelivered.ts";
import { maxRedeliveries } from "../schedule/ack-wait.ts";
import { undeliveredOf } from "./report-undelivered.ts";

/** Where the books keep what was reported of a room; no subject is called so in a room of one's own. */
export const reportedKey = "@reported";

/** And up to where a device of the person was sent messages often enough. */
export const exhaustedKey = "@exhausted";

/** As many as one look reports; the rest with the next. */
export const maxReported = 100;

/**
 * Somebody was pushed to and no page of theirs is there that acks. They may come back while a member's redeliveries
 * would be going on; after that their messages are undelivered.
 */
export async function checkOfflineSubject(
  deps: Pick<Deps, "resumePoints" | "log" | "now" | "redeliverAfterMs">,
  room: Room,
  subject: string,
  hop: number,
): Promise<{ undelivered: Undelivered[]; nexts: number[]; recordReported?: () => Promise<void> }> {
  const { resumePoints, now, redeliverAfterMs } = deps;
  const { roomId, epoch } = room;
  const names = [subject, reportedKey, exhaustedKey];
  const points = await Promise.all(names.map((name) => resumePoints.get(roomId, name)));
  const seqs = points.map((resumePoint) =>
    resumePoint?.epoch === epoch && resumePoint.hasAcked ? resumePoint.seq : 0,
  );
  const pending = await readPending(deps, room, Math.max(...seqs), maxReported);
  if (pending.length === 0) return { undelivered: [], nexts: [] };
  if (hop < maxRedeliveries) return { undelivered: [], nexts: [now() + redeliverAfterMs * 2 ** (hop + 1)] };

  const due = pending.filter(({ atMs }) => atMs + redeliverAfterMs <= now());
  const last = due.at(-1);
  const rest = pending.length > due.length ? [now() + redeliverAfterMs] : [];
  return {
    undelivered: due.flatMap((entry) => undeliveredOf(entry, subject)),
    nexts: rest,
    ...(last && {
      recordReported: () => resumePoints.keep(roomId, reportedKey, { epoch, seq: last.seq, hasAcked: true }),
    }),
  };
}
