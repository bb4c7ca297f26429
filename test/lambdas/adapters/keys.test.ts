import { expect, test } from "vitest";
import { cursorKey, memberKey, pushKey, roomKey } from "../../../lambdas/adapters/keys.ts";
import { messageIdOf } from "../../../lambdas/domain/publish.ts";
import { conversationRoom, userRoom } from "../../../protocol/ids.ts";
import { limits } from "../../../protocol/limits.ts";

// DynamoDB's: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const partitionKeyBytes = 2_048;
const sortKeyBytes = 1_024;

/** Each takes the most bytes of something that the protocol lets through. */
const wide = (chars: number) => "安".repeat(chars);
const subjects = [`${wide(85)}a`, '"'.repeat(limits.subjectBytes), "\n".repeat(limits.subjectBytes)];
const clientMessageId = wide(limits.messageIdChars);
const session = wide(limits.sessionChars);

test.each(subjects)("keys fit into DynamoDB's limits for a subject of 256 bytes such as %j", (subject) => {
  expect(Buffer.byteLength(subject)).toBe(limits.subjectBytes);
  const rooms = [userRoom(subject), conversationRoom(subject, subject), "r".repeat(limits.roomIdChars)];
  const messageId = messageIdOf(subject, clientMessageId);
  const keys = rooms.flatMap((roomId) => [
    roomKey(roomId),
    memberKey(roomId, session),
    cursorKey(roomId, subject),
    pushKey(messageId, roomId),
  ]);
  for (const { roomId, item } of keys) {
    expect(Buffer.byteLength(roomId)).toBeLessThanOrEqual(partitionKeyBytes);
    expect(Buffer.byteLength(item)).toBeLessThanOrEqual(sortKeyBytes);
  }
});
