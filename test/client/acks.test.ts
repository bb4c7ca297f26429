import { describe, expect, test, vi } from "vitest";
import { connected, evicted, loggedIn } from "./fake-server.ts";
import { epoch, inRoom456, type LoggingServer } from "./logging-server.ts";

describe("acks", () => {
  test("of all rooms go together, 250 ms after the first message that arrived", async () => {
    const { server, post } = await inRoom456();
    await post(1);
    await server.clock.advance(200);
    await post(2);
    await post("for everyone", "@all");
    await server.clock.advance(49);
    expect(server.receivedOf("ack")).toEqual([]);
    await server.clock.advance(1);
    const rooms = [
      { roomId: "@all", epoch, seq: 1 },
      { roomId: "456", epoch, seq: 2 },
    ];
    expect(server.receivedOf("ack")).toEqual([{ action: "ack", session: "session-1", rooms, ref: "ack" }]);
    await server.clock.advance(10_000);
    expect(server.receivedOf("ack")).toHaveLength(1);
  });

  test("go at once when 64 messages arrived", async () => {
    const { server, post } = await inRoom456();
    for (let at = 0; at < 64; at += 1) await post(at);
    expect(server.receivedOf("ack")).toMatchObject([{ rooms: [{ seq: 64 }] }]);
  });

  test("do not cover what is held back", async () => {
    const { server, post, lose } = await inRoom456();
    server.onFrame = () => undefined;
    await post(1);
    lose(2);
    await post(3);
    await server.clock.advance(250);
    expect(server.receivedOf("ack")).toMatchObject([{ rooms: [{ seq: 1 }] }]);
  });

  test("name the messages whose senders want to know, 64 per frame", async () => {
    const { server } = await inRoom456();
    const missed = Array.from({ length: 70 }, (_, at) => server.log("456", at, { receipt: true }));
    await server.last.tell({ ...server.replayed("456", 0), missed, upTo: 0 });
    const seqs = server.receivedOf("ack").map(({ receipts }) => receipts?.map(({ seq }) => seq));
    expect(seqs).toEqual([missed.slice(0, 64).map(({ seq }) => seq), missed.slice(64).map(({ seq }) => seq)]);
  });

  test.each<[string, (handle: ReturnType<LoggingServer["handle"]>) => void]>([
    ["leaves", (handle) => handle.leaveRoom("456", () => {})],
    ["disconnects", (handle) => handle.disconnect()],
    ["closes", (handle) => handle.close()],
  ])("go at once when the page %s", async (_, end) => {
    const { server, handle, post } = await inRoom456();
    await post(1);
    end(handle);
    expect(server.received.map(({ action }) => action).filter((action) => action !== "leaveRoom")).toEqual([
      "hello",
      "loginRoom",
      "ack",
    ]);
    await server.clock.advance(1_000);
    expect(server.receivedOf("ack")).toHaveLength(1);
  });

  test("that could not go go when the connection is back", async () => {
    const { server, post } = await inRoom456();
    await post(1);
    server.last.drop();
    await server.clock.advance(300);
    expect(server.receivedOf("ack")).toMatchObject([{ rooms: [{ seq: 1 }] }]);
  });

  test("that the server refuses make the client ask whether its places are still there; the page hears nothing", async () => {
    const { server, handle, post } = await inRoom456();
    const refusals = vi.fn();
    const notices: unknown[] = [];
    handle.listen("errorResp", refusals);
    handle.listen("loginRoomResp", ({ code }) => notices.push(code));
    server.onFrame = (frame) => {
      const data = { code: "4003", msg: "ack: you are not in room 456" } as const;
      if (frame.action === "ack") return { type: "refused", eventName: "errorResp", data };
      const answer = server.answer(frame);
      return answer?.type === "connected" ? { ...answer, rooms: [evicted("456", 9)] } : answer;
    };
    await post(1);
    await server.clock.advance(250);
    expect(refusals).not.toHaveBeenCalled();
    expect(notices).toEqual(["2005"]);
    expect(server.connections).toHaveLength(1);
  });

  test("that are refused take nothing away from a login that is under way meanwhile", async () => {
    const { server, handle, heard, post } = await inRoom456();
    server.onFrame = () => undefined;
    await post(1);
    await server.clock.advance(250);
    const data = { code: "4003", msg: "ack: you are not in room 456" } as const;
    await server.last.tell({ type: "refused", eventName: "errorResp", data, ref: "ack" });
    const login = handle.loginRoom("456");
    await server.last.tell(connected([evicted("456", 9)]));
    const ref = server.receivedOf("loginRoom").at(-1)?.ref;
    await server.last.tell({ ...loggedIn("456", 9), seq: 1, ref });
    expect(await login).toMatchObject({ code: "2002" });
    expect(server.receivedOf("leaveRoom")).toEqual([]);
    await post(2);
    expect(heard).toEqual([1, 2]);
  });
});
