import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPage, type RawPage } from "./page.ts";
import type { Target } from "./target.ts";

const frame = (value: unknown) => JSON.stringify(value);
const login = (roomId: unknown) => frame({ action: "loginRoom", roomId });
const deep = `${'{"a":'.repeat(500)}1${"}".repeat(500)}`;

/** A name, the frame as it is sent, and the expected reply: type, event name, code and a part of its text. */
const cases: [string, string, string, string, string, string][] = [
  ["is not JSON", "hello", "refused", "errorResp", "4001", "should be a JSON object"],
  ["is empty", "", "refused", "errorResp", "4001", "should be a JSON object"],
  ["is truncated JSON", '{"action":"hello"', "refused", "errorResp", "4001", "should be a JSON object"],
  ["is a list", '["hello"]', "refused", "errorResp", "4001", "should be a JSON object"],
  ["is a JSON string", '"hello"', "refused", "errorResp", "4001", "should be a JSON object"],
  ["is a number", "7", "refused", "errorResp", "4001", "should be a JSON object"],
  ["is null", "null", "refused", "errorResp", "4001", "should be a JSON object"],
  ["has no action", "{}", "refused", "errorResp", "4002", "action should be one of hello"],
  ["has an unknown action", frame({ action: "fly" }), "refused", "errorResp", "4002", "action should be one of"],
  ["has a number for action", frame({ action: 1 }), "refused", "errorResp", "4002", "action should be one of"],
  ["has a list for action", frame({ action: ["hello"] }), "refused", "errorResp", "4002", "action should be one of"],
  ["has an inherited name for action", frame({ action: "toString" }), "refused", "errorResp", "4002", "action should"],
  ["names $connect", frame({ action: "$connect" }), "refused", "errorResp", "4002", "action should be one of"],
  ["names $disconnect", frame({ action: "$disconnect" }), "refused", "errorResp", "4002", "action should be one of"],
  ["names $default", frame({ action: "$default" }), "refused", "errorResp", "4002", "action should be one of"],
  ["is deeply nested", deep, "refused", "errorResp", "4002", "action should be one of"],
  ["has no roomId", frame({ action: "loginRoom" }), "loginFailed", "loginRoomResp", "2003", "got nothing"],
  ["has a number for roomId", login(456), "loginFailed", "loginRoomResp", "2003", "got a number"],
  ["has null for roomId", login(null), "loginFailed", "loginRoomResp", "2003", "got null"],
  ["has an object for roomId", login({ S: "456" }), "loginFailed", "loginRoomResp", "2003", "got an object"],
  ["has an empty roomId", login(""), "loginFailed", "loginRoomResp", "2003", "roomId is empty"],
  ["has a space in roomId", login("4 56"), "loginFailed", "loginRoomResp", "2003", "letters, digits"],
  ["has a # in roomId", login("room#member"), "loginFailed", "loginRoomResp", "2003", "letters, digits"],
  ["has a / in roomId", login("user/ann"), "loginFailed", "loginRoomResp", "2003", "letters, digits"],
  ["has unicode in roomId", login("房间"), "loginFailed", "loginRoomResp", "2003", "letters, digits"],
  ["has 10 KB of roomId", login("r".repeat(10_240)), "loginFailed", "loginRoomResp", "2003", "has 10240 characters"],
  ["names everyone", login("@all"), "loginFailed", "loginRoomResp", "2003", "@all is reserved"],
  ["names another user's room", login("@user/ann"), "loginFailed", "loginRoomResp", "2003", "@user/ann is reserved"],
  [
    "has an unknown policy",
    frame({ action: "loginRoom", roomId: "456", type: "loginWhenLucky" }),
    ...(["loginFailed", "loginRoomResp", "2003", "type should be one of loginWhenFirst"] as const),
  ],
  [
    "has an unknown field",
    frame({ action: "loginRoom", roomId: "456", subject: "root" }),
    ...(["loginFailed", "loginRoomResp", "2003", 'unknown field "subject"'] as const),
  ],
  [
    "has an object for ref",
    frame({ action: "loginRoom", roomId: "456", ref: { a: 1 } }),
    ...(["loginFailed", "loginRoomResp", "2003", "ref should be"] as const),
  ],
  [
    "has a ref of 65 characters",
    frame({ action: "loginRoom", roomId: "456", ref: "r".repeat(65) }),
    ...(["loginFailed", "loginRoomResp", "2003", "ref should be"] as const),
  ],
  [
    "leaves a room without a roomId",
    frame({ action: "leaveRoom" }),
    "leaveFailed",
    "leaveRoomResp",
    "2007",
    "got nothing",
  ],
  [
    "has a session of 65 characters",
    frame({ action: "hello", session: "s".repeat(65) }),
    "helloFailed",
    "connetResp",
    "2009",
    "65",
  ],
  [
    "has an empty session",
    frame({ action: "hello", session: "" }),
    "helloFailed",
    "connetResp",
    "2009",
    "session should",
  ],
  ["has a string for rooms", frame({ action: "hello", rooms: "456" }), "helloFailed", "connetResp", "2009", "an array"],
  [
    "has 51 rooms",
    frame({ action: "hello", rooms: Array.from({ length: 51 }, (_, i) => ({ roomId: `r${i}` })) }),
    ...(["helloFailed", "connetResp", "2009", "51 entries"] as const),
  ],
  [
    "has an invalid room among valid ones",
    frame({ action: "hello", rooms: [{ roomId: "456" }, { roomId: "4 56" }] }),
    ...(["helloFailed", "connetResp", "2009", "letters, digits"] as const),
  ],
  [
    "acks a negative seq",
    frame({ action: "ack", rooms: [{ roomId: "456", epoch: "e", seq: -1 }] }),
    ...(["refused", "errorResp", "4003", "seq"] as const),
  ],
  [
    "acks without its session",
    frame({ action: "ack", rooms: [{ roomId: "456", epoch: "e", seq: 1 }] }),
    ...(["refused", "errorResp", "4003", "session is missing"] as const),
  ],
  ["answers a probe without a nonce", frame({ action: "here" }), "", "", "", ""],
  ["answers a probe with a nonce of 65 characters", frame({ action: "here", nonce: "n".repeat(65) }), "", "", "", ""],
];

/** Refused frames: the reply has the reason, no other page receives anything, and nothing is written. */
export function badFrames(target: () => Target): void {
  describe("a frame that", () => {
    let page: RawPage;
    let witness: RawPage;
    let before: unknown;
    beforeAll(async () => {
      [page, witness] = await Promise.all([openPage(target()), openPage(target())]);
      await Promise.all([page.hello(), witness.hello()]);
      await witness.login("456");
      before = await target().rows?.();
    });
    afterAll(() => Promise.all([page.close(), witness.close()]));

    test.each(cases)("%s is refused, and has no other effect", async (_, raw, type, eventName, code, says) => {
      page.say(raw);
      if (type !== "") {
        const { frame } = await page.next();
        const data = { code, msg: expect.stringContaining(says) };
        // The reply names the room and the message if their ids are valid.
        const names = type === "loginFailed" && raw.includes('"roomId":"456"') ? { roomId: "456" } : {};
        expect(frame).toEqual({ type, eventName, data, ...names });
      }
      await Promise.all([page.settle(), witness.settle()]);
      expect([...page.inbox, ...witness.inbox]).toEqual([]);
      expect(await target().rows?.()).toEqual(before);
    });

    test("is valid gets its usual reply after all of these", async () => {
      expect(await page.login("456")).toMatchObject({ data: { code: "2004" } });
    });
  });
}
