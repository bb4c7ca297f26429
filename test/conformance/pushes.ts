import { hash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { meet, newRoom } from "./page.ts";
import { push, pushOk, type Target } from "./target.ts";

const wrap = (body: unknown) => ({ ROOT: { BODY: body } });

/** Pushes of services, and the messages that pages receive. */
export function pushes(target: () => Target): void {
  describe("a push", () => {
    test("to a room reaches each member once, and no other page", async () => {
      const [ann, bob] = await Promise.all([meet(target()), meet(target())]);
      const room = newRoom();
      const { epoch, seq } = await ann.login(room);
      const messageId = await pushOk(target(), { roomId: room, eventName: "test", data: { a: 1 } });
      expect((await ann.next()).frame).toEqual({
        ...{ type: "message", eventName: "test", data: { a: 1 }, roomId: room },
        ...{ epoch, seq: seq + 1, messageId, at: expect.any(Number), qos: 1 },
      });
      await Promise.all([ann.settle(), bob.settle()]);
      expect([...ann.inbox, ...bob.inbox]).toEqual([]);
    });

    test("in the envelope of existing services gets a response in it", async () => {
      const ann = await meet(target());
      const room = newRoom();
      await ann.login(room);
      const { status, contentType, answer } = await push(target(), wrap({ roomId: room, eventName: "test", data: {} }));
      expect({ status, contentType }).toEqual({ status: 200, contentType: "application/json" });
      expect(answer).toEqual(wrap({ RETURN_CODE: "0000", RETURN_MSG: "ok", MESSAGE_ID: expect.any(String) }));
      expect((await ann.message()).frame).toMatchObject({ data: {}, messageId: answer.ROOT.BODY.MESSAGE_ID });
    });

    test("in plain JSON gets a plain response, also for an empty room", async () => {
      expect(await push(target(), { roomId: newRoom(), eventName: "test", data: null })).toEqual({
        status: 200,
        contentType: "application/json",
        answer: { code: "0000", msg: "ok", messageId: expect.any(String) },
      });
    });

    test("to a list of rooms reaches each of them with one message id", async () => {
      const [ann, bob] = await Promise.all([meet(target()), meet(target())]);
      const rooms = [newRoom(), newRoom()] as const;
      await ann.login(rooms[0]);
      await bob.login(rooms[1]);
      const messageId = await pushOk(target(), { roomId: rooms, eventName: "test", data: 1 });
      expect((await ann.message()).frame).toMatchObject({ roomId: rooms[0], messageId });
      expect((await bob.message()).frame).toMatchObject({ roomId: rooms[1], messageId });
    });

    test("to a user reaches all of the user's pages, without a login", async () => {
      const ann = await meet(target());
      const [tab, other] = await Promise.all([meet(target(), { sub: ann.subject }), meet(target())]);
      await pushOk(target(), { userId: ann.subject, eventName: "test", data: 1 });
      for (const page of [ann, tab]) expect((await page.message()).frame).toMatchObject({ roomId: "@user", data: 1 });
      await other.settle();
      expect(other.inbox).toEqual([]);
    });

    test("without a target reaches everyone, and names no room", async () => {
      const [ann, bob] = await Promise.all([meet(target()), meet(target())]);
      const messageId = await pushOk(target(), { eventName: "test", data: 1 });
      for (const page of [ann, bob]) {
        const { frame } = await page.next(({ frame }) => frame.messageId === messageId);
        expect(frame).not.toHaveProperty("roomId");
      }
    });

    test("does not reach a page that left the room", async () => {
      const ann = await meet(target());
      const room = newRoom();
      await ann.login(room);
      await ann.leave(room);
      await pushOk(target(), { roomId: room, eventName: "test", data: 1 });
      await ann.settle();
      expect(ann.inbox).toEqual([]);
    });
  });

  describe("data", () => {
    test.each([
      ["nested values", '{"a":[1,{"b":[[],{}]},null,true,false]}'],
      ["unicode, emoji and escapes", '"\\u00e9é 中文 😀👩‍👩‍👧 \\"\\\\\\n\\u2028"'],
      ["a __proto__ key", '{"__proto__":{"polluted":true},"constructor":1,"toString":2}'],
      ["large integers and long fractions", "[12345678901234567890,0.1000000000000000055511151231257827,-0,1E400]"],
      ["keys in an order that JavaScript would change", '{"b":1,"2":2,"1":3,"a":4}'],
      ["a key twice", '{"a":1,"a":2}'],
      ["spaces and line ends", '{ "a" :\t[ 1 ,\r\n2 ] }'],
      ["text that looks like a frame", '"}],\\"type\\":\\"evicted\\""'],
      ["null", "null"],
      ["zero", "0"],
      ["an empty text", '""'],
      ["false", "false"],
      ["an empty list", "[]"],
    ])("arrives exactly as it was sent: %s", async (_, data) => {
      const ann = await meet(target());
      const room = newRoom();
      await ann.login(room);
      await pushOk(target(), `{"roomId":"${room}","eventName":"test","data":${data}}`);
      expect((await ann.message()).raw).toContain(`"eventName":"test","data":${data},"roomId":"${room}"`);
      await pushOk(target(), `{"ROOT":{"BODY":{"data":${data},"eventName":"test","roomId":"${room}"}}}`);
      expect((await ann.message()).raw).toContain(`"eventName":"test","data":${data},"roomId":"${room}"`);
    });

    test("of 120 KB arrives whole", async () => {
      const ann = await meet(target());
      const room = newRoom();
      await ann.login(room);
      const data = "é".repeat(60 * 1024);
      await pushOk(target(), { roomId: room, eventName: "test", data });
      expect((await ann.message()).frame.data === data).toBe(true);
    });

    test.each([
      ["200 KB", 1],
      ["200 KB", 0],
      ["4.9 MB", 1],
    ] as const)("of %s at qos %i is at the URL in its frame, exactly as it was sent", async (size, qos) => {
      const ann = await meet(target());
      const room = newRoom();
      await ann.login(room);
      const bytes = size === "200 KB" ? 200 * 1024 : 4.9 * 1024 * 1024;
      const data = `{ "2": 1.0, "1": "${"é".repeat(bytes / 2 - 20)}" }`;
      await pushOk(target(), `{"roomId":"${room}","eventName":"test","qos":${qos},"data":${data}}`);
      const { payload, ...frame } = (await ann.message()).frame;
      expect(frame).toMatchObject({ type: "message", eventName: "test", roomId: room, qos });
      expect(frame).not.toHaveProperty("data");
      const response = await fetch(payload.url, { headers: { origin: "https://page.example" } });
      const body = await response.text();
      expect([response.status, body === data]).toEqual([200, true]);
      expect(payload).toEqual({
        url: expect.any(String),
        sha256: hash("sha256", body),
        bytes: Buffer.byteLength(body),
      });
      // The URL grants reading this one object, and nothing else.
      expect((await fetch(payload.url, { method: "PUT", body: "1" })).status).toBe(403);
      expect((await fetch(payload.url.replace(payload.sha256, hash("sha256", "1")))).status).toBe(403);
      expect((await fetch(payload.url.split("?")[0])).status).toBe(403);
    });
  });
}
