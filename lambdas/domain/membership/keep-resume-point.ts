import type { Position } from "../../../protocol/frames.ts";
import type { Deps } from "../model/deps.ts";
import type { Member } from "../model/member.ts";
import { stopOf } from "../model/resume-point.ts";

/** Keeps where a member stopped whose place has gone, if it has acked since it was seen with `cursor`. */
export async function keepIfMoved(
  { cursors }: Pick<Deps, "cursors">,
  roomId: string,
  cursor: Position | undefined,
  removed: Member,
): Promise<void> {
  const stop = stopOf(removed);
  const hasMoved = removed.cursor?.seq !== cursor?.seq || removed.cursor?.epoch !== cursor?.epoch;
  if (stop && hasMoved) await cursors.keep(roomId, removed.subject, stop);
}

export async function keepStop(
  { cursors }: Pick<Deps, "cursors">,
  roomId: string,
  place: Member | undefined,
): Promise<void> {
  const stop = place && stopOf(place);
  if (stop) await cursors.keep(roomId, place.subject, stop);
}
