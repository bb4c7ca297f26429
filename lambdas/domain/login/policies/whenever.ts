import type { Entry } from "../login-result.ts";
import { connectionGone, tooBusy } from "../login-result.ts";
import { takePlace } from "./admit.ts";
import type { Enter } from "./policy.ts";

const attempts = 20;

/** `loginWhenever`: gets in whoever else is there. */
export const enterAlways: Enter = async (deps, roomId, _caller, selfRead, begin): Promise<Entry> => {
  const [before, self] = await Promise.all([deps.rooms.open(roomId), selfRead]);
  if (!self) return connectionGone;
  const from = await begin(before);
  let { generation } = before;
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const entry = await takePlace(
      deps,
      roomId,
      self,
      { generation, holds: false, ownSince: generation },
      from,
      from.seq,
    );
    if (entry.kind !== "in") return entry;
    // Counted after the place is written. Whoever evicts before this count is seen here; whoever evicts after it either
    // finds the place or finds that the count has moved.
    const room = await deps.rooms.countEntry(roomId);
    if (room.generation === generation) return { ...entry, head: room.seq, room };
    generation = room.generation;
  }
  return tooBusy;
};
