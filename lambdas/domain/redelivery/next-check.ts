import type { RoomCheck } from "../model/ack-check.ts";
import type { Deps } from "../model/deps.ts";
import { isCheckedBy } from "../schedule/ack-check.ts";
import { maxHops } from "../schedule/max-hops.ts";

/** Later checks of a chain are less frequent: a chain outlasts the redeliveries of members with different cursors. */
const frequentHops = 4;
/** Later checks are not recorded in the room's row: pushes then start a new chain, and this one can end. */
const lastRecordedHop = 6;

type NextCheckDeps = Pick<Deps, "scheduleAckCheck" | "rooms" | "redeliverAfterMs" | "now">;

/** The earliest of several times. Absent: no check is needed. */
export function earliest(...timesMs: readonly (number | undefined)[]): number | undefined {
  const known = timesMs.filter((timeMs) => timeMs !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}

/** Schedules one check for all members that wait, except at the end of a chain: the next push starts a new one. */
export async function scheduleNextCheck(
  deps: NextCheckDeps,
  { roomId, hop, part }: RoomCheck,
  nextCheckAtMs: number | undefined,
): Promise<void> {
  if (nextCheckAtMs === undefined || hop >= maxHops) return;
  const minPauseMs = deps.redeliverAfterMs * (hop < frequentHops ? 0.5 : 3);
  const atMs = Math.max(nextCheckAtMs, deps.now() + minPauseMs);
  // A push may have started another chain meanwhile: one of them is enough.
  const room = await deps.rooms.get(roomId);
  if (room && isCheckedBy(room, atMs, deps.now())) return;
  // A check of a whole large room decides again whether to divide it.
  const next = part && part.of > 1 ? { part } : {};
  await deps.scheduleAckCheck({ kind: "room", roomId, hop: hop + 1, ...next }, atMs - deps.now());
  // The check of one part does not see all new messages.
  if (hop < lastRecordedHop && !("part" in next)) await deps.rooms.recordAckCheck(roomId, atMs);
}

/**
 * Schedules a check of the remaining members at once. If this check made progress, the continuation is not a further
 * hop: the number of members is limited.
 */
export async function scheduleContinuation(
  { scheduleAckCheck }: Pick<Deps, "scheduleAckCheck">,
  { roomId, hop, part, continuation: previous }: RoomCheck,
  upTo: string | undefined,
  nextCheckAtMs: number | undefined,
): Promise<void> {
  const nextHop = upTo === previous?.after ? hop + 1 : hop;
  if (nextHop > maxHops) return;
  const continuation = {
    ...(upTo !== undefined && { after: upTo }),
    ...(nextCheckAtMs !== undefined && { nextCheckAtMs }),
  };
  await scheduleAckCheck({ kind: "room", roomId, hop: nextHop, ...(part && { part }), continuation }, 0);
}
