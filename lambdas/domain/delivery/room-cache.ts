import type { Room, RoomCache } from "../model/room.ts";

/** One row can be read 3,000 times a second, so 3,000 execution environments can each read it once in this time. */
const maxAgeMs = 1_000;

/** @param max how many rooms are kept; the oldest entry is evicted */
export function makeRoomCache(max: number): RoomCache {
  const known = new Map<string, { room: Room; readAtMs: number }>();
  return {
    get(roomId, nowMs) {
      const { room, readAtMs = -Infinity } = known.get(roomId) ?? {};
      return nowMs - readAtMs < maxAgeMs ? room : undefined;
    },
    put(room, readAtMs) {
      known.delete(room.roomId);
      const [oldest] = known.keys();
      if (known.size >= max && oldest !== undefined) known.delete(oldest);
      known.set(room.roomId, { room, readAtMs });
    },
  };
}
