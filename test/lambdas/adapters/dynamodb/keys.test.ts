import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  memberItems,
  memberKey,
  pushKey,
  resumePointKey,
  roomKey,
  sessionOf,
  shareUpTo,
  taskKey,
  taskRoom,
} from "../../../../lambdas/adapters/dynamodb/keys.ts";
import { messageIdOf } from "../../../../lambdas/domain/push/publish.ts";
import { conversationRoom, everyone, userRoom } from "../../../../protocol/ids.ts";
import { limits } from "../../../../protocol/limits.ts";

const itemOf = (session: string) => memberKey("456", session).item;
const isIn = ([from, to]: [string, string], item: string) => from <= item && item <= to;
const session = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.base64String());

describe("the parts of a room", () => {
  test("contain each session once, for any number of parts", () => {
    fc.assert(
      fc.property(session, fc.integer({ min: 1, max: 2_000 }), (session, of) => {
        const parts = Array.from({ length: of }, (_, index) => memberItems({ index, of }));
        expect(parts.filter((part) => isIn(part, itemOf(session)))).toHaveLength(1);
      }),
      { numRuns: 200 },
    );
  });

  test("start where the previous one ends, so that every member is in exactly one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0x10000 }), fc.nat({ max: 0xffff }), (of, hash) => {
        const item = `member#${hash.toString(16).padStart(4, "0")}#`;
        const index = Math.floor(((hash + 0.5) * of) / 0x10000);
        const around = [index - 1, index, index + 1].filter((each) => each >= 0 && each < of);
        for (const last of [item, `${item}${"\u{10ffff}".repeat(9)}`]) {
          expect(around.filter((index) => isIn(memberItems({ index, of }), last))).toHaveLength(1);
        }
      }),
    );
  });

  test("have the same size", () => {
    const sizes = Array.from({ length: 7 }, (_, index) => {
      const [from, to] = memberItems({ index, of: 7 });
      return Number.parseInt(to.slice(7, 11), 16) - Number.parseInt(from.slice(7, 11), 16);
    });
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  });

  test("contain only members", () => {
    for (const item of ["room", "resume#ann", "member", "members#x", "memberz", "push#456", "task#456#0/1"]) {
      expect(isIn(memberItems(), item), item).toBe(false);
    }
  });
});

describe("the key of a member", () => {
  test("contains its session, with any characters", () => {
    fc.assert(
      fc.property(session, (session) => {
        expect(sessionOf(itemOf(session))).toBe(session);
      }),
    );
  });

  // The last of 65,536 hashes once meant the whole room, and members after it in a large room were not posted to.
  test("has a share above none and below all of the room", () => {
    expect(shareUpTo("member#ffff#s")).toBeLessThan(1);
    expect(shareUpTo("member#0000#s")).toBeGreaterThan(0);
  });

  test("has about the share of the room that sorts before it", () => {
    const items = Array.from({ length: 4_000 }, (_, i) => itemOf(`session-${i}`)).sort();
    for (const seen of [251, 1_000, 3_000]) {
      const estimate = seen / shareUpTo(items[seen - 1] ?? "");
      expect(estimate).toBeGreaterThan(4_000 * 0.8);
      expect(estimate).toBeLessThan(4_000 * 1.2);
    }
  });
});

describe("the key of a resume point", () => {
  test("has its own partition for each subject, so that many disconnects do not write to one", () => {
    const keys = ["ann", "bob"].map((subject) => resumePointKey(everyone, subject).roomId);
    expect(new Set([...keys, everyone]).size).toBe(3);
  });

  test("is unique to one subject in one room, with any names", () => {
    const name = fc.string({ unit: fc.constantFrom("/", "@", "#", "a"), maxLength: 4 });
    fc.assert(
      fc.property(name, name, name, name, (room, subject, otherRoom, other) => {
        const isSame = room === otherRoom && subject === other;
        const [one, two] = [resumePointKey(room, subject), resumePointKey(otherRoom, other)];
        expect(one.roomId === two.roomId && one.item === two.item).toBe(isSame);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("a task's row", () => {
  test("contains its room, with any characters, and differs from the push's row", () => {
    fc.assert(
      fc.property(fc.string(), (roomId) => {
        expect(taskRoom(taskKey("m", roomId, "3/5").item)).toBe(roomId);
        expect(taskRoom(`push#${roomId}`)).toBeUndefined();
      }),
    );
  });
});

// Limits of DynamoDB: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const partitionKeyBytes = 2_048;
const sortKeyBytes = 1_024;

/** Each has the maximum bytes of something that the protocol allows. */
const wide = (chars: number) => "安".repeat(chars);
const subjects = [`${wide(85)}a`, '"'.repeat(limits.subjectBytes), "\n".repeat(limits.subjectBytes)];
const clientMessageId = wide(limits.messageIdChars);
const widest = wide(limits.sessionChars);

test.each(subjects)("keys fit into DynamoDB's limits for a subject of 256 bytes such as %j", (subject) => {
  expect(Buffer.byteLength(subject)).toBe(limits.subjectBytes);
  const rooms = [userRoom(subject), conversationRoom(subject, subject), "r".repeat(limits.roomIdChars)];
  const messageId = messageIdOf(subject, clientMessageId);
  const keys = rooms.flatMap((roomId) => [
    roomKey(roomId),
    memberKey(roomId, widest),
    resumePointKey(roomId, subject),
    pushKey(messageId, roomId),
    taskKey(messageId, roomId, "k".repeat(22)),
  ]);
  for (const { roomId, item } of keys) {
    expect(Buffer.byteLength(roomId)).toBeLessThanOrEqual(partitionKeyBytes);
    expect(Buffer.byteLength(item)).toBeLessThanOrEqual(sortKeyBytes);
  }
});
