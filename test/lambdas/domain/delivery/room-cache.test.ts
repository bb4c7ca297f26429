import { expect, test } from "vitest";
import { makeRoomCache } from "../../../../lambdas/domain/delivery/room-cache.ts";
import type { Room } from "../../../../lambdas/domain/model/room.ts";

const roomAt = (roomId: string, seq = 1): Room => ({
  ...{ roomId, epoch: "k3f9", seq, generation: 0, loginCount: 0 },
  ...{ openedAtMs: 0, lastAtMs: 0, ackCheckAtMs: 0 },
});

test("a room is cached for a second after its last read", () => {
  const rooms = makeRoomCache(2);
  rooms.put(roomAt("a", 1), 1_000);
  rooms.put(roomAt("a", 2), 1_500);
  expect(rooms.get("a", 2_499)).toMatchObject({ seq: 2 });
  expect(rooms.get("a", 2_500)).toBeUndefined();
  expect(rooms.get("b", 1_500)).toBeUndefined();
});

test("the room that was read the longest ago makes room for the next", () => {
  const rooms = makeRoomCache(2);
  for (const roomId of ["a", "b", "a", "c"]) rooms.put(roomAt(roomId), 1_000);
  expect(["a", "b", "c"].map((roomId) => rooms.get(roomId, 1_000)?.roomId)).toEqual(["a", undefined, "c"]);
});
