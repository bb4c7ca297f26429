import { describe, expect, test, vi } from "vitest";
import type { FrameOf, ServerFrame } from "../../protocol/frames.ts";
import { settled } from "./support/fake-clock.ts";
import { answerTo, FakeServer, message } from "./support/fake-server.ts";

let lastSeq = 0;
/** The server's response to a publish. */
function published({ roomId, clientMessageId }: FrameOf<"publish">): ServerFrame {
  lastSeq += 1;
  const data = { code: "2010", msg: "publish success" } as const;
  const where = roomId === undefined ? { conversation: "ann_bob" } : { roomId };
  const fields = { epoch: "k3f9", seq: lastSeq };
  return {
    type: "published",
    eventName: "publishResp",
    data,
    clientMessageId,
    messageId: `ann/${clientMessageId}`,
    ...where,
    ...fields,
  };
}

const page = async () => {
  const server = new FakeServer();
  server.onFrame = (frame) => (frame.action === "publish" ? published(frame) : answerTo(frame));
  const handle = server.handle();
  await handle.loginRoom("456");
  return { server, handle };
};

describe("publishing", () => {
  test("to a room resolves with the message's ids and position", async () => {
    const { server, handle } = await page();
    const notice = await handle.publish("456", "say", { text: "hi" }, { receipt: true, qos: 2 });
    const [sent] = server.receivedOf("publish");
    expect(sent).toEqual({
      action: "publish",
      roomId: "456",
      eventName: "say",
      data: { text: "hi" },
      clientMessageId: expect.stringMatching(/^.{10,64}$/),
      qos: 2,
      receipt: true,
      ref: expect.any(Number),
    });
    const { clientMessageId = "" } = sent ?? {};
    expect(notice).toMatchObject({
      code: "2010",
      msg: "publish success",
      clientMessageId,
      messageId: `ann/${clientMessageId}`,
      epoch: "k3f9",
      seq: lastSeq,
    });
  });

  test("to a user resolves with the conversation's id", async () => {
    const { server, handle } = await page();
    expect(await handle.publish({ toUser: "bob" }, "say", "hi", { clientMessageId: "c-1" })).toMatchObject({
      clientMessageId: "c-1",
      conversation: "ann_bob",
    });
    expect(server.receivedOf("publish")).toEqual([
      {
        action: "publish",
        toUser: "bob",
        eventName: "say",
        data: "hi",
        clientMessageId: "c-1",
        ref: expect.any(Number),
      },
    ]);
  });

  test("works with callbacks, with and without options", async () => {
    const { handle } = await page();
    const onOk = vi.fn();
    expect(handle.publish("456", "say", 1, onOk)).toBeUndefined();
    handle.publish("456", "say", 2, { clientMessageId: "c-2" }, onOk, vi.fn());
    await settled();
    expect(onOk.mock.calls).toMatchObject([[{ code: "2010" }], [{ clientMessageId: "c-2" }]]);
  });

  test("gives every message a unique id", async () => {
    const { server, handle } = await page();
    await Promise.all([1, 2, 3].map((data) => handle.publish("456", "say", data)));
    expect(new Set(server.receivedOf("publish").map(({ clientMessageId }) => clientMessageId)).size).toBe(3);
  });

  test.each([
    ["2012", { type: "publishFailed", eventName: "publishResp", data: { code: "2012", msg: "not allowed" } }],
    ["4003", { type: "refused", eventName: "errorResp", data: { code: "4003", msg: "publish: data is missing" } }],
  ] as const)("fails with %s", async (code, answer) => {
    const { server, handle } = await page();
    server.onFrame = () => answer as ServerFrame;
    await expect(handle.publish("456", "say", 1)).rejects.toMatchObject({ code, msg: answer.data.msg });
  });

  test("more than fits into a frame fails with 3005 and closes no connection", async () => {
    const { server, handle } = await page();
    await expect(handle.publish("456", "say", "é".repeat(16_400))).rejects.toMatchObject({ code: "3005" });
    await handle.publish("456", "say", "é".repeat(16_000));
    expect(server.receivedOf("publish")).toHaveLength(1);
  });

  test.each([["é"], ["€"], ["😀"], ["\ud800"]])(
    "counts bytes, not characters, as the server does: %j",
    async (character) => {
      const { handle } = await page();
      const text = character.repeat(8_200);
      const fits = Buffer.byteLength(JSON.stringify(text)) < 32_500;
      const outcome = await handle.publish("456", "say", text).then(
        () => true,
        ({ code }) => code,
      );
      expect(outcome).toBe(fits || "3005");
    },
  );

  test("data that cannot be JSON fails immediately, with a promise and with callbacks, and does not affect others", async () => {
    const { server, handle } = await page();
    const circle: { self?: unknown } = {};
    circle.self = circle;
    await expect(handle.publish("456", "say", circle)).rejects.toThrow(TypeError);
    expect(() => handle.publish("456", "say", 1n, () => {})).toThrow(TypeError);
    expect(await handle.publish("456", "say", "next")).toMatchObject({ code: "2010" });
    expect(server.receivedOf("publish")).toHaveLength(1);
  });

  test("sends a copy of the data, as the page may change them before they are sent", async () => {
    const { server, handle } = await page();
    server.last.drop();
    const data = { text: "hi" };
    const done = handle.publish("456", "say", data);
    data.text = "changed";
    await server.clock.advance(500);
    await done;
    expect(server.receivedOf("publish")).toMatchObject([{ data: { text: "hi" } }]);
  });

  test("waits for the login to its room, and keeps the order of its calls", async () => {
    const { server, handle } = await page();
    server.onFrame = () => undefined;
    void handle.loginRoom("457");
    for (const data of [1, 2]) void handle.publish("457", "say", data);
    void handle.publish("456", "say", "elsewhere");
    await settled();
    expect(server.receivedOf("publish").map(({ data }) => data)).toEqual(["elsewhere"]);
    server.onFrame = (frame) => (frame.action === "publish" ? published(frame) : answerTo(frame));
    const [login] = server.receivedOf("loginRoom").slice(-1);
    if (login)
      await server.last.deliver({ ...(answerTo(login) as ServerFrame & { type: "loggedIn" }), ref: login.ref });
    await settled();
    expect(server.receivedOf("publish").map(({ data }) => data)).toEqual(["elsewhere", 1, 2]);
  });

  test("at qos 0 does not wait for other responses", async () => {
    const { server, handle } = await page();
    server.onFrame = () => undefined;
    for (const data of [1, 2, 3]) void handle.publish("456", "at", data, { qos: 0 });
    expect(server.receivedOf("publish").map(({ data }) => data)).toEqual([1, 2, 3]);
  });

  test("connects first", async () => {
    const server = new FakeServer();
    server.onFrame = (frame) => (frame.action === "publish" ? published(frame) : answerTo(frame));
    expect(await server.handle().publish({ toUser: "bob" }, "say", "hi")).toMatchObject({ code: "2010" });
  });
});

describe("a publish without a response", () => {
  test("is sent again after a lost connection, with the same clientMessageId", async () => {
    const { server, handle } = await page();
    server.onFrame = () => undefined;
    const done = handle.publish("456", "say", "hi");
    server.last.drop();
    server.onFrame = (frame) => (frame.action === "publish" ? published(frame) : answerTo(frame));
    await server.clock.advance(250);
    const [first, second, ...more] = server.receivedOf("publish");
    expect(more).toEqual([]);
    expect(second).toEqual(first);
    expect(await done).toMatchObject({ clientMessageId: first?.clientMessageId });
  });

  test("is sent again after an error of API Gateway, with the same clientMessageId", async () => {
    const { server, handle } = await page();
    server.onFrame = () => undefined;
    const done = handle.publish("456", "say", "hi");
    server.onFrame = (frame) => (frame.action === "publish" ? published(frame) : answerTo(frame));
    await server.last.deliverText('{"message": "Endpoint request timed out"}');
    await server.clock.advance(1_000);
    const [first, second] = server.receivedOf("publish");
    expect(second).toEqual(first);
    expect(await done).toMatchObject({ code: "2010" });
  });

  test("fails with 3002 and keeps the membership of its room", async () => {
    const { server, handle } = await page();
    server.onFrame = (frame) => (frame.action === "publish" ? undefined : answerTo(frame));
    const outcome = handle.publish("456", "say", "hi").catch(({ code }) => code);
    await server.clock.advance(10_000);
    expect(await outcome).toBe("3002");
    const received = vi.fn();
    handle.listen("test", received);
    await server.last.deliver(server.message("still in", { roomId: "456" }));
    expect(received).toHaveBeenCalledOnce();
  });
});

describe("a listener", () => {
  test("receives delivered and publishResp", async () => {
    const { server, handle } = await page();
    const received: unknown[] = [];
    handle.listen("delivered", (data) => received.push(data));
    handle.listen("publishResp", ({ code }) => received.push(code));
    await handle.publish("456", "say", "hi");
    const data = { messageId: "m1", subject: "bob", at: 1 };
    await server.last.deliver({ type: "delivered", eventName: "delivered", data });
    expect(received).toEqual(["2010", data]);
  });

  test("receives the sender and the conversation of a message", async () => {
    const { server, handle } = await page();
    const received = vi.fn();
    handle.listen("say", (_, { from, conversation }) => received(from, conversation));
    await server.last.deliver(
      message("hi", { eventName: "say", roomId: "@user", from: "bob", conversation: "ann_bob" }),
    );
    expect(received).toHaveBeenCalledExactlyOnceWith("bob", "ann_bob");
  });
});
