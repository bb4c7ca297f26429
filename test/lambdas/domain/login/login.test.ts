import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Harness, openHarness, type Page } from "../../../support/harness.ts";
import { intercept, interceptNext } from "../../../support/intercept.ts";

let harness: Harness & { end(): Promise<void> };
beforeAll(async () => {
  harness = await openHarness();
});
afterAll(() => harness.end());

let room = "";
let ann: Page;
let bob: Page;
beforeEach(async () => {
  room = `room-${harness.nextId()}`;
  ann = await harness.connect();
  bob = await harness.connect();
});

const code = async (reply: Promise<{ data: { code: string } }>) => (await reply).data.code;

describe("loginWhenFirst", () => {
  test("gets into an empty room and keeps the next one out", async () => {
    expect(await ann.login(room)).toMatchObject({
      type: "loggedIn",
      eventName: "loginRoomResp",
      data: { code: "2002", msg: `login room (id:${room}) success` },
      roomId: room,
    });
    expect(await bob.login(room)).toMatchObject({
      eventName: "loginRoomResp",
      data: { code: "2004", msg: `your room id(${room}) already exist` },
    });
    expect(ann.codes(room)).toEqual([]);
  });

  test("is the default, and lets the same page in again", async () => {
    await ann.login(room);
    expect(await code(ann.login(room))).toBe("2002");
  });

  test("gets in after the other left", async () => {
    await ann.login(room);
    await ann.leave(room);
    expect(await code(bob.login(room))).toBe("2002");
  });

  test.each(["loginWhenLast", "loginWhenever"] as const)("is refused by somebody who came in by %s", async (type) => {
    await ann.login(room, type);
    expect(await code(bob.login(room))).toBe("2004");
  });

  test("is refused while the second of two is still in", async () => {
    await ann.login(room, "loginWhenever");
    await bob.login(room, "loginWhenever");
    await ann.leave(room);
    const eve = await harness.connect();
    expect(await code(eve.login(room))).toBe("2004");
  });

  // The first look at the members misses the newcomer, and the room that is read after it counts the entry already: by
  // these two nobody seems to be there but the one who is gone.
  test("puts nobody out who came in while a ghost was asked, behind the first look at the members", async () => {
    await ann.login(room, "loginWhenever");
    await ann.close({ isReported: false });
    const eve = await harness.connect();
    const checked = Promise.withResolvers<void>();
    intercept(
      harness.deps.members,
      "pages",
      (pages) =>
        async function* (...query) {
          yield* pages(...query);
          checked.resolve();
        },
    );
    interceptNext(harness.deps.rooms, "open", (open) => async (roomId) => {
      await checked.promise;
      await eve.login(room, "loginWhenever");
      return open(roomId);
    });
    expect(await code(bob.login(room))).toBe("2004");
    expect(eve.codes(room)).toEqual([]);
  });

  test("takes the place of one whose connection ended without a word", async () => {
    await ann.login(room);
    await ann.close({ isReported: false });
    expect(await code(bob.login(room))).toBe("2002");
  });

  test("takes the place of one whose line is dead though API Gateway calls it open", async () => {
    await ann.login(room);
    ann.goStale();
    expect(await code(bob.login(room))).toBe("2002");
  });

  test("takes API Gateway's word for a client that answers no probes", async () => {
    const old = await harness.connect({ probe: false });
    await old.login(room);
    expect(await code(bob.login(room))).toBe("2004");
    await old.close({ isReported: false });
    expect(await code(bob.login(room))).toBe("2002");
  });

  test("of many at once lets exactly one in", async () => {
    const pages = await Promise.all(Array.from({ length: 12 }, () => harness.connect()));
    const codes = await Promise.all(pages.map((page) => code(page.login(room))));
    expect(codes.sort()).toEqual(["2002", ...Array(11).fill("2004")]);
  });
});

describe("loginWhenLast", () => {
  test("puts out everybody who is in, and tells them", async () => {
    await ann.login(room, "loginWhenever");
    await bob.login(room, "loginWhenever");
    const eve = await harness.connect();
    expect(await code(eve.login(room, "loginWhenLast"))).toBe("2002");
    for (const page of [ann, bob]) {
      expect(page.inbox).toContainEqual(
        expect.objectContaining({
          eventName: "loginRoomResp",
          data: { code: "2005", msg: `you have kicked out room (id${room})` },
        }),
      );
      expect(page.isIn(room)).toBe(false);
    }
    expect(eve.isIn(room)).toBe(true);
  });

  test("of many at once lets exactly one stay; every other one that got in is told", async () => {
    const pages = await Promise.all(Array.from({ length: 12 }, () => harness.connect()));
    const replies = await Promise.all(pages.map((page) => page.login(room, "loginWhenLast")));
    const stayed = pages.filter((page) => page.isIn(room));
    expect(stayed).toHaveLength(1);
    for (const [i, page] of pages.entries()) {
      if (page !== stayed[0] && replies[i]?.type === "loggedIn") expect(page.codes(room)).toContain("2005");
    }
  });

  test("does not tell the page itself when it logs in twice", async () => {
    await ann.login(room, "loginWhenLast");
    await ann.login(room, "loginWhenLast");
    expect(ann.codes(room)).toEqual([]);
    expect(ann.isIn(room)).toBe(true);
  });

  test("tells those whom a crashed login put out without a word, as soon as anybody looks", async () => {
    await ann.login(room);
    await harness.deps.rooms.takeOver(room, { connectionId: "crashed", expiresAtMs: 0 });
    await harness.push(room);
    expect(ann.codes(room)).toEqual(["2005"]);
    expect(ann.messages()).toEqual([]);
  });
});

describe("loginWhenever", () => {
  test("gets in beside anybody", async () => {
    await ann.login(room, "loginWhenLast");
    expect(await code(bob.login(room, "loginWhenever"))).toBe("2002");
    expect(ann.isIn(room)).toBe(true);
  });
});

describe("a claim", () => {
  test("keeps others out until its place is written", async () => {
    await harness.deps.rooms.acquire(
      await harness.deps.rooms.open(room),
      { connectionId: ann.connectionId, expiresAtMs: harness.nowMs + 30_000 },
      0,
    );
    expect(await code(bob.login(room))).toBe("2004");
  });

  test("whose login died is void after its time", async () => {
    await harness.deps.rooms.acquire(
      await harness.deps.rooms.open(room),
      { connectionId: ann.connectionId, expiresAtMs: harness.nowMs + 30_000 },
      0,
    );
    harness.nowMs += 30_001;
    expect(await code(bob.login(room))).toBe("2002");
  });
});

describe("after 2005", () => {
  test("nothing of the room reaches the evicted any more", async () => {
    await ann.login(room);
    await bob.login(room, "loginWhenLast");
    await harness.push(room, '"secret"');
    expect(bob.messages()).toEqual(["secret"]);
    expect(ann.messages()).toEqual([]);
  });
});

describe("a session that comes back", () => {
  test("takes its own place again at once, its old connection still looking open", async () => {
    await ann.login(room);
    ann.goStale();
    await ann.open();
    expect(ann.isIn(room)).toBe(true);
    await harness.push(room);
    expect(ann.messages()).toEqual([1]);
  });

  test("keeps its place when the end of its old connection is told late", async () => {
    await ann.login(room);
    const old = ann.connectionId;
    await ann.open();
    const { disconnect } = await import("../../../../lambdas/domain/membership/connection.ts");
    await disconnect(harness.deps, old);
    expect(await code(bob.login(room))).toBe("2004");
  });

  test("hears 2005 if somebody took its place meanwhile, and evicts nobody", async () => {
    await ann.login(room, "loginWhenLast");
    await ann.close({ isReported: false });
    await bob.login(room);
    await ann.open();
    expect(ann.isIn(room)).toBe(false);
    expect(ann.evictedBy.has(room)).toBe(true);
    expect(bob.isIn(room)).toBe(true);
  });

  test("finds the room taken (2004) if its place ended and another one entered the free room", async () => {
    await ann.login(room, "loginWhenLast");
    await ann.close();
    await bob.login(room);
    await ann.open();
    expect(ann.isIn(room)).toBe(false);
    expect(bob.isIn(room)).toBe(true);
  });

  test("enters anew if its place ended and the room is free", async () => {
    await ann.login(room);
    await ann.close();
    await ann.open();
    expect(ann.isIn(room)).toBe(true);
    expect(await code(bob.login(room))).toBe("2004");
  });

  test("gets nothing by a stranger's session", async () => {
    await ann.login(room);
    bob.session = ann.session;
    await bob.open();
    expect(await code(bob.login(room))).toBe("2004");
    expect(ann.isIn(room)).toBe(true);
  });
});

describe("a login", () => {
  test("is refused where the token does not allow the room", async () => {
    const guest = await harness.connect({ rooms: ["lobby-*"] });
    expect(await guest.login("lobby-1")).toMatchObject({ data: { code: "2002" } });
    expect(await guest.login(room)).toMatchObject({
      type: "loginFailed",
      data: { code: "2003", msg: `the token does not allow room ${room}` },
    });
  });

  test("that is overtaken by the end of its connection leaves no place behind", async () => {
    await ann.close();
    expect(await code(ann.login(room, "loginWhenever"))).toBe("2003");
    expect(await code(bob.login(room))).toBe("2002");
  });
});
