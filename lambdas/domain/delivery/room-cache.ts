import type { Room, RoomCache } from "../model/room.ts";

/** One row takes 3,000 reads a second; so many environments can each read it once in that time, and none has more. */
const forMs = 1_000;

/** @param most so many rooms are kept; the one that was noted first is forgotten for the next */
export function makeRoomCache(max: number): RoomCache {
  const known = new Map<string, { room: Room; readAtMs: number }>();
  return {
    get(roomId, nowMs) {
      const { room, readAtMs = -Infinity } = known.get(roomId) ?? {};
      return nowMs - readAtMs < forMs ? room : undefined;
    },
    put(room, readAtMs) {
      known.delete(room.roomId);
      const [oldest] = known.keys();
      if (known.size >= max && oldest !== undefined) known.delete(oldest);
      known.set(room.roomId, { room, readAtMs });
    },
  };
}
