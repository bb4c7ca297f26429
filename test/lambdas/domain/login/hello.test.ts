import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { hello } from "../../../../lambdas/domain/login/hello.ts";
import { connect, disconnect } from "../../../../lambdas/domain/membership/connection.ts";
import type { RoomToRestore } from "../../../../protocol/frames.ts";
import { type Harness, openHarness, Page, type PageOptions } from "../../../support/harness.ts";

let harness: Harness & { end(): Promise<void> };
beforeAll(async () => {
  harness = await openHarness();
});
afterAll(() => harness.end());

let room = "";
beforeEach(() => {
  room = `room-${harness.nextId()}`;
});

/** A connection that has not said anything yet. */
async function silentPage(options: PageOptions = {}): Promise<Page> {
  const page = new Page(harness, options);
  page.connectionId = `connection-${harness.nextId()}`;
  page.session = page.connectionId;
  harness.nowMs += 1;
  harness.pages.set(page.connectionId, page);
  page.connectionState = "open";
  await connect(harness.deps, page.caller);
  return page;
}
const say = (page: Page, frame: { session?: string; rooms?: RoomToRestore[]; probe?: boolean } = {}) =>
  hello(harness.deps, page.caller, { action: "hello", ...frame });

describe("hello", () => {
  test("is answered 2001 with a session that nobody else gets", async () => {
    const [ann, bob] = [await say(await silentPage()), await say(await silentPage())];
    expect(ann).toEqual({
      type: "connected",
      eventName: "connetResp",
      data: { code: "2001", msg: "connect success" },
      session: expect.any(String),
      rooms: [],
    });
    expect("session" in bob && bob.session).not.toBe("session" in ann && ann.session);
  });

  test("keeps the session that the page has already", async () => {
    expect(await say(await silentPage(), { session: "mine" })).toMatchObject({ type: "connected", session: "mine" });
  });

  test("may be said again with the same session", async () => {
    const ann = await silentPage();
    await say(ann, { session: "again" });
    expect(await say(ann, { session: "again", probe: true })).toMatchObject({ type: "connected" });
    expect(await harness.deps.connections.get(ann.connectionId)).toMatchObject({ session: "again", probe: true });
  });

  test("with a second session is refused, and the first one stays", async () => {
    const ann = await silentPage();
    await say(ann, { session: "first" });
    expect(await say(ann, { session: "second" })).toEqual({
      type: "helloFailed",
      eventName: "connetResp",
      data: { code: "2009", msg: "hello should come before the first login, and with one session only" },
    });
    expect(await harness.deps.connections.get(ann.connectionId)).toMatchObject({ session: "first" });
  });

  test("after a login is refused: the place belongs to the connection by then", async () => {
    const ann = await silentPage();
    await ann.login(room);
    expect(await say(ann, { session: "late" })).toMatchObject({ type: "helloFailed", data: { code: "2009" } });
    expect(await ann.login(room)).toMatchObject({ data: { code: "2002" } });
  });

  test("from a connection that has ended is refused and leaves no row", async () => {
    const ann = await silentPage();
    await disconnect(harness.deps, ann.connectionId);
    expect(await say(ann)).toMatchObject({
      type: "helloFailed",
      data: { msg: expect.stringContaining("connect again") },
    });
    expect(await harness.deps.connections.get(ann.connectionId)).toBeUndefined();
  });
});

describe("a page that never says hello", () => {
  test("has its connection for a session: logs in, gets messages, leaves at its end", async () => {
    const ann = await silentPage();
    expect(await ann.login(room)).toMatchObject({ data: { code: "2002" } });
    await harness.push(room);
    expect(ann.messages()).toEqual([1]);
    await ann.close();
    expect(await harness.deps.members.get(room, ann.connectionId)).toBeUndefined();
  });
});

describe("the rooms of a hello", () => {
  test("are answered one by one, in their order", async () => {
    const taken = `${room}-taken`;
    await (await harness.connect()).login(taken);
    const ann = await silentPage({ rooms: [`${room}*`] });
    const reply = await say(ann, {
      session: `session-${room}`,
      rooms: [
        { roomId: room },
        { roomId: taken },
        { roomId: "elsewhere" },
        { roomId: `${room}-2`, type: "loginWhenever" },
      ],
    });
    const rooms = reply.type === "connected" ? reply.rooms : [];
    expect(rooms.map((answer) => [answer.roomId, answer.data.code])).toEqual([
      [room, "2002"],
      [taken, "2004"],
      ["elsewhere", "2003"],
      [`${room}-2`, "2002"],
    ]);
  });

  test("may be fifty: all are restored after a reconnect, in an answer that fits into one post", async () => {
    const ann = await harness.connect();
    const rooms = Array.from({ length: 50 }, (_, i) => `${room}-${i}`.padEnd(128, "r"));
    await Promise.all(rooms.map((roomId) => ann.login(roomId)));
    await ann.close({ isReported: false });
    await ann.open();
    for (const roomId of rooms) expect(ann.isIn(roomId)).toBe(true);
    await Promise.all(rooms.map((roomId) => harness.push(roomId)));
    expect(ann.messages()).toHaveLength(50);

    const reply = await say(ann, {
      session: ann.session,
      rooms: rooms.map((roomId) => ({ roomId, generation: ann.memberships.get(roomId)?.generation ?? 0 })),
    });
    expect(Buffer.byteLength(JSON.stringify(reply))).toBeLessThan(128 * 1024);
  });

  test("are told 2005 where somebody took the place by a newer generation, and nobody is put out", async () => {
    const ann = await harness.connect();
    const bob = await harness.connect();
    await ann.login(room, "loginWhenLast");
    await ann.close({ isReported: false });
    await bob.login(room, "loginWhenLast");
    const back = await silentPage({ subject: ann.subject });
    const reply = await say(back, {
      session: ann.session,
      rooms: [{ roomId: room, generation: 1, type: "loginWhenLast" }],
    });
    expect(reply).toMatchObject({ rooms: [{ type: "evicted", data: { code: "2005" }, roomId: room, generation: 2 }] });
    expect(bob.codes(room)).toEqual([]);
  });

  test("are entered beside others by loginWhenever, when the place had ended", async () => {
    const ann = await harness.connect();
    const bob = await harness.connect();
    await ann.login(room, "loginWhenever");
    await ann.close();
    await bob.login(room, "loginWhenever");
    await ann.open();
    expect(ann.isIn(room)).toBe(true);
    expect(bob.codes(room)).toEqual([]);
  });

  test("give nothing to another subject that shows the session", async () => {
    const ann = await harness.connect();
    await ann.login(room);
    const thief = await silentPage();
    const reply = await say(thief, { session: ann.session, rooms: [{ roomId: room, generation: 0 }] });
    expect(reply).toMatchObject({ rooms: [{ data: { code: "2004" } }] });
    await harness.push(room);
    expect(thief.messages()).toEqual([]);
    expect(ann.messages()).toEqual([1]);
  });
});
