import { describe, expect, test } from "vitest";
import type { FrameOf, ServerFrame } from "../../protocol/frames.ts";
import { settled } from "./support/fake-clock.ts";
import { answerTo, FakeServer, message } from "./support/fake-server.ts";
import { pollingPage } from "./support/polling-server.ts";

/** Its position is in the conversation's log, not in that of a room. */
const said = message("hi", { roomId: "ann_bob", conversation: "ann_bob", epoch: "q2w8", seq: 3 });
const replayed = (): ServerFrame => ({
  type: "replayed",
  eventName: "replayResp",
  data: { code: "2011", msg: "replay success" },
  roomId: "ann_bob",
  epoch: "q2w8",
  recovered: true,
  missed: [said],
  upTo: 3,
  more: true,
});

const page = async (answer: (frame: FrameOf<"replay">) => ServerFrame | undefined = replayed) => {
  const server = new FakeServer();
  server.onFrame = (frame) => (frame.action === "replay" ? answer(frame) : answerTo(frame));
  const handle = server.handle();
  const received: unknown[] = [];
  handle.listen("test", (data) => received.push(data));
  await handle.connect();
  return { server, handle, received };
};

describe("replaying a conversation", () => {
  test.each([{ history: 20 }, { epoch: "q2w8", after: 2 }])("with %j resolves with its messages", async (from) => {
    const { server, handle, received } = await page();
    expect(await handle.replay({ toUser: "bob" }, from)).toMatchObject({
      ...{ code: "2011", roomId: "ann_bob", epoch: "q2w8" },
      ...{ recovered: true, missed: [said], upTo: 3, more: true },
    });
    expect(server.receivedOf("replay")).toEqual([
      { action: "replay", toUser: "bob", ...from, ref: expect.any(Number) },
    ]);
    // Listeners do not receive them.
    expect(received).toEqual([]);
  });

  test("does not affect a room of the same name, as that has another log", async () => {
    const answers = [replayed(), { ...replayed(), recovered: false, missed: [] } as ServerFrame];
    const { server, handle, received } = await page(() => answers.shift());
    await handle.loginRoom("ann_bob");
    for (let i = 0; i < 2; i += 1) await handle.replay({ toUser: "bob" }, { history: 1 });
    // A response without a request has no effect.
    await server.last.deliver({ ...replayed(), recovered: false, missed: [], ref: 99 } as ServerFrame);
    await server.last.deliver(server.message("next", { roomId: "ann_bob" }));
    expect(received).toEqual(["next"]);
    expect(server.receivedOf("replay")).toHaveLength(2);
  });

  test("works with callbacks", async () => {
    const { handle } = await page();
    const codes: string[] = [];
    handle.replay({ toUser: "bob" }, { history: 1 }, ({ code, missed }) =>
      codes.push(code, ...missed.map((m) => m.messageId)),
    );
    await settled();
    expect(codes).toEqual(["2011", said.messageId]);
  });

  test("waits for a publish to the same user, and is sent again after a lost connection", async () => {
    const { server, handle } = await page();
    server.onFrame = (frame) => (frame.action === "replay" || frame.action === "publish" ? undefined : answerTo(frame));
    handle.publish({ toUser: "bob" }, "say", 1, { clientMessageId: "c" }).catch(() => {});
    const result = handle.replay({ toUser: "bob" }, { history: 1 });
    await settled();
    expect(server.receivedOf("replay")).toEqual([]);
    const [{ ref } = {}] = server.receivedOf("publish");
    const data = { code: "2012", msg: "no" } as const;
    await server.last.deliver({
      type: "publishFailed",
      eventName: "publishResp",
      data,
      ...(ref !== undefined && { ref }),
    });
    expect(server.receivedOf("replay")).toHaveLength(1);
    server.onFrame = (frame) => (frame.action === "replay" ? replayed() : answerTo(frame));
    server.last.drop();
    await server.clock.advance(10_000);
    expect(await result).toMatchObject({ missed: [said] });
  });

  test("fails with the server's code", async () => {
    const msg = "nothing was ever sent there";
    const { handle } = await page(() => ({
      type: "replayFailed",
      eventName: "replayResp",
      data: { code: "2014", msg },
    }));
    await expect(handle.replay({ toUser: "bob" }, { epoch: "e", after: 0 })).rejects.toMatchObject({
      code: "2014",
      msg,
    });
  });

  test("while polling, tries a WebSocket immediately", async () => {
    const { server, handle } = await pollingPage();
    await server.advance(10_000);
    const result = handle.replay({ toUser: "bob" }, { history: 1 });
    server.isDown = false;
    server.onFrame = (frame) => (frame.action === "replay" ? replayed() : answerTo(frame));
    await server.advance(1_000);
    expect(await result).toMatchObject({ missed: [said] });
  });

  test("fails with the reason if no WebSocket opens", async () => {
    const { server, handle } = await pollingPage();
    await server.advance(10_000);
    const result = handle.replay({ toUser: "bob" }, { history: 1 }).catch(({ code, msg }) => ({ code, msg }));
    await server.advance(5_000);
    expect(await result).toEqual({ code: "2014", msg: "replay: no WebSocket can be opened; try again later" });
  });
});
