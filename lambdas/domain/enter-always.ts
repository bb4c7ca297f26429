import { connectionGone, type Enter, type Entry, takePlace, tooBusy } from "./entry.ts";

const attempts = 20;

/** `loginWhenever`: gets in whoever else is there. */
export const enterAlways: Enter = async (deps, roomId, _caller, selfRead): Promise<Entry> => {
  const [room, self] = await Promise.all([deps.rooms.open(roomId), selfRead]);
  if (!self) return connectionGone;
  let { generation } = room;
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const failure = await takePlace(deps, roomId, self, generation, false);
    if (failure) return failure;
    // Read after the place is written: a take-over before this read shows here, one after it finds the place.
    const after = await deps.rooms.generationAndSeq(roomId);
    if (after.generation === generation) return { kind: "in", generation, epoch: room.epoch, seq: after.seq };
    generation = after.generation;
  }
  return tooBusy;
};
