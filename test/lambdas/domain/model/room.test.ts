import { expect, test } from "vitest";
import { isImplicit, roomKind } from "../../../../lambdas/domain/model/room.ts";
import { conversationRoom, everyone, ownRoom, userRoom } from "../../../../protocol/ids.ts";

test.each([
  ["456", "application", false],
  ["ann@example.com", "application", false],
  [everyone, "everyone", true],
  [ownRoom, "user", true],
  [userRoom("ann"), "user", true],
  [conversationRoom("ann", "bob"), "conversation", true],
])("the kind of %s is %s", (roomId, kind, implicit) => {
  expect(roomKind(roomId)).toBe(kind);
  expect(isImplicit(roomId)).toBe(implicit);
});
