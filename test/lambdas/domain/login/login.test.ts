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
  test("succeeds in an empty room, and the next one is refused", async () => {
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

  test("is the default, and admits the same page again", async () => {
    await ann.login(room);
    expect(await code(ann.login(room))).toBe("2002");
  });

  test("succeeds after the other member left", async () => {
    await ann.login(room);
    await ann.leave(room);
    expect(await code(bob.login(room))).toBe("2002");
  });

  test.each(["loginWhenLast", "loginWhenever"] as const)("is refused while a member by %s is present", async (type) => {
    await ann.login(room, type);
    expect(await code(bob.login(room))).toBe("2004");
  });

  test("is refused while one of two members is still present", async () => {
    await ann.login(room, "loginWhenever");
    await bob.login(room, "loginWhenever");
    await ann.leave(room);
    const eve = await harness.connect();
    expect(await code(eve.login(room))).toBe("2004");
  });

  // The first read of the members misses the newcomer, and the room, read later, already counts its login. By these two
  // reads the only member is the stale one.
  test("does not evict a member that joined while a stale one was probed, after the first read of the members", async () => {
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

  test("evicts a member whose connection ended without $disconnect", async () => {
    await ann.login(room);
    await ann.close({ isReported: false });
    expect(await code(bob.login(room))).toBe("2002");
  });

  test("evicts a member whose connection is half-open although API Gateway reports it as open", async () => {
    await ann.login(room);
    ann.goStale();
    expect(await code(bob.login(room))).toBe("2002");
  });

  test("believes API Gateway about a client that answers no probes", async () => {
    const old = await harness.connect({ probe: false });
    await old.login(room);
    expect(await code(bob.login(room))).toBe("2004");
    await old.close({ isReported: false });
    expect(await code(bob.login(room))).toBe("2002");
  });

  test("succeeds for exactly one of many concurrent logins", async () => {
    const pages = await Promise.all(Array.from({ length: 12 }, () => harness.connect()));
    const codes = await Promise.all(pages.map((page) => code(page.login(room))));
    expect(codes.sort()).toEqual(["2002", ...Array(11).fill("2004")]);
  });
});

describe("loginWhenLast", () => {
  test("evicts all members, and notifies them", async () => {
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

  test("leaves exactly one of many concurrent logins; every other that succeeded is notified", async () => {
    const pages = await Promise.all(Array.from({ length: 12 }, () => harness.connect()));
    const replies = await Promise.all(pages.map((page) => page.login(room, "loginWhenLast")));
    const stayed = pages.filter((page) => page.isIn(room));
    expect(stayed).toHaveLength(1);
    for (const [i, page] of pages.entries()) {
      if (page !== stayed[0] && replies[i]?.type === "loggedIn") expect(page.codes(room)).toContain("2005");
    }
  });

  test("does not evict the page itself when it logs in twice", async () => {
    await ann.login(room, "loginWhenLast");
    await ann.login(room, "loginWhenLast");
    expect(ann.codes(room)).toEqual([]);
    expect(ann.isIn(room)).toBe(true);
  });

  test("notifies members that a crashed login evicted, at the next read of the room", async () => {
    await ann.login(room);
    await harness.deps.rooms.takeOver(room, { connectionId: "crashed", transport: "websocket", expiresAtMs: 0 });
    await harness.push(room);
    expect(ann.codes(room)).toEqual(["2005"]);
    expect(ann.messages()).toEqual([]);
  });
});

describe("loginWhenever", () => {
  test("succeeds beside any member", async () => {
    await ann.login(room, "loginWhenLast");
    expect(await code(bob.login(room, "loginWhenever"))).toBe("2002");
    expect(ann.isIn(room)).toBe(true);
  });
});

describe("a lease", () => {
  test("refuses other logins until its membership is written", async () => {
    await harness.deps.rooms.acquire(
      await harness.deps.rooms.open(room),
      { connectionId: ann.connectionId, transport: "websocket", expiresAtMs: harness.nowMs + 30_000 },
      0,
    );
    expect(await code(bob.login(room))).toBe("2004");
  });

  test("whose login crashed has no effect once it has expired", async () => {
    await harness.deps.rooms.acquire(
      await harness.deps.rooms.open(room),
      { connectionId: ann.connectionId, transport: "websocket", expiresAtMs: harness.nowMs + 30_000 },
      0,
    );
    harness.nowMs += 30_001;
    expect(await code(bob.login(room))).toBe("2002");
  });
});

describe("after 2005", () => {
  test("no message of the room reaches the evicted member", async () => {
    await ann.login(room);
    await bob.login(room, "loginWhenLast");
    await harness.push(room, '"secret"');
    expect(bob.messages()).toEqual(["secret"]);
    expect(ann.messages()).toEqual([]);
  });
});

describe("a session that returns", () => {
  test("resumes its membership at once, although its old connection seems open", async () => {
    await ann.login(room);
    ann.goStale();
    await ann.open();
    expect(ann.isIn(room)).toBe(true);
    await harness.push(room);
    expect(ann.messages()).toEqual([1]);
  });

  test("keeps its membership when the $disconnect of its old connection is late", async () => {
    await ann.login(room);
    const old = ann.connectionId;
    await ann.open();
    const { disconnect } = await import("../../../../lambdas/domain/membership/connection.ts");
    await disconnect(harness.deps, old);
    expect(await code(bob.login(room))).toBe("2004");
  });

  test("gets 2005 if it was evicted meanwhile, and evicts no member", async () => {
    await ann.login(room, "loginWhenLast");
    await ann.close({ isReported: false });
    await bob.login(room);
    await ann.open();
    expect(ann.isIn(room)).toBe(false);
    expect(ann.evictedBy.has(room)).toBe(true);
    expect(bob.isIn(room)).toBe(true);
  });

  test("gets 2004 if its membership ended and another session joined the free room", async () => {
    await ann.login(room, "loginWhenLast");
    await ann.close();
    await bob.login(room);
    await ann.open();
    expect(ann.isIn(room)).toBe(false);
    expect(bob.isIn(room)).toBe(true);
  });

  test("joins again if its membership ended and the room is free", async () => {
    await ann.login(room);
    await ann.close();
    await ann.open();
    expect(ann.isIn(room)).toBe(true);
    expect(await code(bob.login(room))).toBe("2004");
  });

  test("gets nothing with another subject's session", async () => {
    await ann.login(room);
    bob.session = ann.session;
    await bob.open();
    expect(await code(bob.login(room))).toBe("2004");
    expect(ann.isIn(room)).toBe(true);
  });
});

describe("a login", () => {
  test("is refused if the token does not allow the room", async () => {
    const guest = await harness.connect({ rooms: ["lobby-*"] });
    expect(await guest.login("lobby-1")).toMatchObject({ data: { code: "2002" } });
    expect(await guest.login(room)).toMatchObject({
      type: "loginFailed",
      data: { code: "2003", msg: `the token does not allow room ${room}` },
    });
  });

  test("that is overtaken by the end of its connection leaves no membership", async () => {
    await ann.close();
    expect(await code(ann.login(room, "loginWhenever"))).toBe("2003");
    expect(await code(bob.login(room))).toBe("2002");
  });
});
