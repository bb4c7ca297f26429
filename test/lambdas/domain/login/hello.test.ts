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

/** A connection that has not sent a frame yet. */
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
const sendHello = (page: Page, frame: { session?: string; rooms?: RoomToRestore[]; probe?: boolean } = {}) =>
  hello(harness.deps, page.caller, { action: "hello", ...frame });

describe("hello", () => {
  test("is answered 2001 with a new session", async () => {
    const [ann, bob] = [await sendHello(await silentPage()), await sendHello(await silentPage())];
    expect(ann).toEqual({
      type: "connected",
      eventName: "connetResp",
      data: { code: "2001", msg: "connect success" },
      session: expect.any(String),
      rooms: [],
    });
    expect("session" in bob && bob.session).not.toBe("session" in ann && ann.session);
  });

  test("keeps the session that the page presents", async () => {
    expect(await sendHello(await silentPage(), { session: "mine" })).toMatchObject({
      type: "connected",
      session: "mine",
    });
  });

  test("may be sent again with the same session", async () => {
    const ann = await silentPage();
    await sendHello(ann, { session: "again" });
    expect(await sendHello(ann, { session: "again", probe: true })).toMatchObject({ type: "connected" });
    expect(await harness.deps.connections.get(ann.connectionId)).toMatchObject({ session: "again", probe: true });
  });

  test("with a second session is refused, and the first session stays", async () => {
    const ann = await silentPage();
    await sendHello(ann, { session: "first" });
    expect(await sendHello(ann, { session: "second" })).toEqual({
      type: "helloFailed",
      eventName: "connetResp",
      data: { code: "2009", msg: "hello should come before the first login, and with one session only" },
    });
    expect(await harness.deps.connections.get(ann.connectionId)).toMatchObject({ session: "first" });
  });

  test("after a login is refused: the membership belongs to the connection", async () => {
    const ann = await silentPage();
    await ann.login(room);
    expect(await sendHello(ann, { session: "late" })).toMatchObject({ type: "helloFailed", data: { code: "2009" } });
    expect(await ann.login(room)).toMatchObject({ data: { code: "2002" } });
  });

  test("from a connection that has ended is refused and leaves no row", async () => {
    const ann = await silentPage();
    await disconnect(harness.deps, ann.connectionId);
    expect(await sendHello(ann)).toMatchObject({
      type: "helloFailed",
      data: { msg: expect.stringContaining("connect again") },
    });
    expect(await harness.deps.connections.get(ann.connectionId)).toBeUndefined();
  });
});

describe("a page that never sends hello", () => {
  test("has its connection as its session: it logs in, receives messages, and leaves when it ends", async () => {
    const ann = await silentPage();
    expect(await ann.login(room)).toMatchObject({ data: { code: "2002" } });
    await harness.push(room);
    expect(ann.messages()).toEqual([1]);
    await ann.close();
    expect(await harness.deps.members.get(room, ann.connectionId)).toBeUndefined();
  });
});

describe("the rooms of a hello", () => {
  test("have one reply each, in their order", async () => {
    const taken = `${room}-taken`;
    await (await harness.connect()).login(taken);
    const ann = await silentPage({ rooms: [`${room}*`] });
    const reply = await sendHello(ann, {
      session: `session-${room}`,
      rooms: [
        { roomId: room },
        { roomId: taken },
        { roomId: "elsewhere" },
        { roomId: `${room}-2`, type: "loginWhenever" },
      ],
    });
    const rooms = reply.type === "connected" ? reply.rooms : [];
    expect(rooms.map((reply) => [reply.roomId, reply.data.code])).toEqual([
      [room, "2002"],
      [taken, "2004"],
      ["elsewhere", "2003"],
      [`${room}-2`, "2002"],
    ]);
  });

  test("may be fifty: all are restored after a reconnect, in a reply that fits into one post", async () => {
    const ann = await harness.connect();
    const rooms = Array.from({ length: 50 }, (_, i) => `${room}-${i}`.padEnd(128, "r"));
    await Promise.all(rooms.map((roomId) => ann.login(roomId)));
    await ann.close({ isReported: false });
    await ann.open();
    for (const roomId of rooms) expect(ann.isIn(roomId)).toBe(true);
    await Promise.all(rooms.map((roomId) => harness.push(roomId)));
    expect(ann.messages()).toHaveLength(50);

    const reply = await sendHello(ann, {
      session: ann.session,
      rooms: rooms.map((roomId) => ({ roomId, generation: ann.memberships.get(roomId)?.generation ?? 0 })),
    });
    expect(Buffer.byteLength(JSON.stringify(reply))).toBeLessThan(128 * 1024);
  });

  test("are answered 2005 if a newer generation evicted the session, and no member is evicted", async () => {
    const ann = await harness.connect();
    const bob = await harness.connect();
    await ann.login(room, "loginWhenLast");
    await ann.close({ isReported: false });
    await bob.login(room, "loginWhenLast");
    const back = await silentPage({ subject: ann.subject });
    const reply = await sendHello(back, {
      session: ann.session,
      rooms: [{ roomId: room, generation: 1, type: "loginWhenLast" }],
    });
    expect(reply).toMatchObject({ rooms: [{ type: "evicted", data: { code: "2005" }, roomId: room, generation: 2 }] });
    expect(bob.codes(room)).toEqual([]);
  });

  test("are joined beside others by loginWhenever if the membership had ended", async () => {
    const ann = await harness.connect();
    const bob = await harness.connect();
    await ann.login(room, "loginWhenever");
    await ann.close();
    await bob.login(room, "loginWhenever");
    await ann.open();
    expect(ann.isIn(room)).toBe(true);
    expect(bob.codes(room)).toEqual([]);
  });

  test("are not restored for another subject that presents the session", async () => {
    const ann = await harness.connect();
    await ann.login(room);
    const thief = await silentPage();
    const reply = await sendHello(thief, { session: ann.session, rooms: [{ roomId: room, generation: 0 }] });
    expect(reply).toMatchObject({ rooms: [{ data: { code: "2004" } }] });
    await harness.push(room);
    expect(thief.messages()).toEqual([]);
    expect(ann.messages()).toEqual([1]);
  });
});
