import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openPage, type RawPage } from "./page.ts";
import { push, type Target } from "./target.ts";

const wrap = (body: unknown) => ({ ROOT: { BODY: body } });

/** Refused pushes: the response has the reason, no page receives anything, and nothing is written. */
export function badPushes(target: () => Target): void {
  describe("a push that is refused", () => {
    const room = "456";
    let witness: RawPage;
    let before: unknown;
    beforeAll(async () => {
      witness = await openPage(target());
      await witness.hello();
      await witness.login(room);
    });
    afterAll(() => witness.close());
    beforeEach(async () => {
      before = await target().rows?.();
    });
    const nobodyNotices = async () => {
      await witness.settle();
      expect(witness.inbox).toEqual([]);
      expect(await target().rows?.()).toEqual(before);
    };

    const good = { roomId: room, eventName: "test", data: 1 };
    const cases: [string, unknown, number, string, string][] = [
      ["without a body", "", 400, "1001", "the body is not JSON"],
      ["that is not JSON", "{roomId:456}", 400, "1001", "the body is not JSON"],
      ["that is a list", [good], 400, "1001", "should be a JSON object, got an array"],
      ["without an eventName", { roomId: room, data: 1 }, 400, "1002", "got nothing"],
      ["with an empty eventName", { ...good, eventName: "" }, 400, "1002", "got 0 characters"],
      ["with a number for eventName", { ...good, eventName: 1 }, 400, "1002", "got a number"],
      ["with the name of a notice", { ...good, eventName: "loginRoomResp" }, 400, "1003", "loginRoomResp is reserved"],
      ["with a name that starts with @", { ...good, eventName: "@x" }, 400, "1003", "@x is reserved"],
      ["without data", { roomId: room, eventName: "test" }, 400, "1004", "data is missing"],
      ["with a number for roomId", { ...good, roomId: 456 }, 400, "1005", "got a number"],
      ["with 10 KB of roomId", { ...good, roomId: "r".repeat(10_240) }, 400, "1005", "has 10240 characters"],
      ["with a space in roomId", { ...good, roomId: "4 56" }, 400, "1005", "letters, digits"],
      ["with a # in roomId", { ...good, roomId: "member#1" }, 400, "1005", "letters, digits"],
      ["with a / in roomId", { ...good, roomId: "user/ann" }, 400, "1005", "letters, digits"],
      ["with unicode in roomId", { ...good, roomId: "房间" }, 400, "1005", "letters, digits"],
      ["with an empty list of rooms", { ...good, roomId: [] }, 400, "1005", "got 0"],
      ["to a reserved room", { ...good, roomId: "@all" }, 400, "1006", "@all is reserved"],
      ["to a user's room by its name", { ...good, roomId: ["456", "@user/a"] }, 400, "1006", "@user/a is reserved"],
      ["with a number for userId", { eventName: "test", data: 1, userId: 7 }, 400, "1007", "got a number"],
      ["to a room and a user", { ...good, userId: "ann" }, 400, "1007", "not both"],
      ["with an unknown field", { ...good, room: "456" }, 400, "1008", 'unknown field "room"'],
    ];

    test.each(cases)("%s is answered %3$i %4$s in both forms", async (_, body, status, code, says) => {
      const plain = await push(target(), body);
      expect(plain).toMatchObject({ status, contentType: "application/json", answer: { code } });
      expect(plain.answer.msg).toContain(says);
      expect(plain.answer).not.toHaveProperty("messageId");
      if (typeof body !== "string") {
        const wrapped = await push(target(), wrap(body));
        expect(wrapped).toMatchObject({ status, answer: wrap({ RETURN_CODE: code }) });
        expect(wrapped.answer.ROOT.BODY.RETURN_MSG).toContain(says.replace("the body", "ROOT.BODY"));
      }
      await nobodyNotices();
    });

    test("with 5.1 MB of data is answered 413 with both sizes", async () => {
      const data = "x".repeat(5.1 * 1024 * 1024);
      const { status, answer } = await push(target(), { ...good, data });
      expect({ status, code: answer.code }).toEqual({ status: 413, code: "1009" });
      expect(answer.msg).toMatch(/data has 5347739 bytes, allowed are 5242880/);
      const wrapped = await push(target(), wrap({ ...good, data }));
      expect(wrapped.status).toBe(413);
      expect(wrapped.answer.ROOT.BODY).toMatchObject({ RETURN_CODE: "1009", RETURN_MSG: answer.msg });
      await nobodyNotices();
    });

    test("with more data than Lambda accepts is answered 413 by API Gateway, in the same format", async () => {
      // 4 MB, but the event of the Lambda function escapes each quotation mark.
      const { status, answer } = await push(target(), { ...good, data: Array.from({ length: 1_400_000 }, () => "") });
      expect({ status, code: answer.code }).toEqual({ status: 413, code: "1009" });
      expect(answer.msg).toContain("5242880");
      await nobodyNotices();
    });

    test.each([
      ["an unknown key", "a-key-that-nobody-has-made"],
      ["no key", undefined],
      ["an empty key", ""],
    ])("with %s is answered 403 1101", async (_, apiKey) => {
      const { status, contentType, answer } = await push(target(), good, { apiKey });
      expect({ status, contentType }).toEqual({ status: 403, contentType: "application/json" });
      expect(answer).toEqual({ code: "1101", msg: expect.stringContaining("x-api-key") });
      await nobodyNotices();
    });

    test.each([
      ["GET", "/push"],
      ["POST", "/pull"],
      ["POST", "/push/1/2"],
    ])("to %s %s is answered 404 1104", async (method, path) => {
      expect(await push(target(), good, { method, path })).toMatchObject({ status: 404, answer: { code: "1104" } });
      await nobodyNotices();
    });
  });
}
