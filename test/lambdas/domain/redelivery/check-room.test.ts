import { beforeEach, describe, expect, test } from "vitest";
import { poll } from "../../../../lambdas/domain/login/poll.ts";
import { checkRoom } from "../../../../lambdas/domain/redelivery/check-room.ts";
import { openQuickTables } from "../../../support/quick-tables.ts";
import { Reader } from "../../../support/reader.ts";
import { tablesForAll } from "../../../support/tables-for-all.ts";
import { type Page, World } from "../../../support/world.ts";

const tables = tablesForAll(openQuickTables);

let world: World;
let room = "";
let ann: Reader;
let bob: Reader;
beforeEach(async () => {
  world = new World(tables.client);
  room = `room-${world.nextId()}`;
  ann = await Reader.open(world);
  bob = await Reader.open(world);
  await ann.login(room, "loginWhenever");
  await bob.login(room, "loginWhenever");
  // Nobody is coming in any more, who could have been overlooked.
  await world.pass(31_000);
});

/** Frames that brought a message of the room again. */
const resends = ({ page }: Reader) => page.inbox.filter(({ type }) => type === "replayed");
const lose = ({ page }: Reader) => world.lost.add(page.connectionId);
const heal = ({ page }: Reader) => world.lost.delete(page.connectionId);
/** Moments, in seconds from now, at which something is posted to a reader whose posts are all lost. */
async function retriesOf({ page }: Reader, forMs: number): Promise<number[]> {
  const startMs = world.nowMs;
  const moments: number[] = [];
  const { post } = world.deps.gateway;
  world.deps.gateway.post = (connectionId, text) => {
    if (connectionId === page.connectionId) moments.push((world.nowMs - startMs) / 1000);
    return post(connectionId, text);
  };
  await world.pass(forMs);
  world.deps.gateway.post = post;
  return moments;
}

describe("a message that was acked by all", () => {
  test("is not sent again, and one look is all that it cost", async () => {
    await world.push(room);
    await Promise.all([ann.ack(), bob.ack()]);
    expect(world.checks).toHaveLength(1);
    await world.pass(5_000);
    expect(world.checks).toEqual([]);
    expect([...resends(ann), ...resends(bob)]).toEqual([]);
    await world.pass(300_000);
    expect(world.undelivered).toEqual([]);
  });
});

describe("a message whose post was lost", () => {
  test("is there after five seconds, and goes only to the one who lacks it", async () => {
    lose(ann);
    await world.push(room, '"m"');
    heal(ann);
    await bob.ack();
    await world.pass(5_000);
    expect(ann.dataOf(room)).toEqual(["m"]);
    expect(resends(bob)).toEqual([]);
    await ann.ack();
    await world.pass(300_000);
    expect(ann.page.messages()).toEqual([]);
    expect(resends(ann)).toHaveLength(1);
    expect(world.undelivered).toEqual([]);
  });

  test("is sent three times more, after 5, 10 and 20 seconds, and then reported once", async () => {
    lose(ann);
    const pushed = await world.push(room);
    await bob.ack();
    expect(await retriesOf(ann, 600_000)).toEqual([5, 15, 35]);
    expect(world.undelivered).toEqual([
      {
        messageId: "messageId" in pushed && pushed.messageId,
        roomId: room,
        subject: ann.page.subject,
        eventName: "test",
        atMs: expect.any(Number),
        epoch: expect.any(String),
        seq: 1,
      },
    ]);
    expect(world.checks).toEqual([]);
  });

  test("and that was given up comes all the same when its reader asks or comes back", async () => {
    lose(ann);
    await world.push(room, '"old"');
    await world.pass(120_000);
    heal(ann);
    await world.push(room, '"new"');
    await ann.fill();
    expect(ann.dataOf(room)).toEqual(["old", "new"]);
  });

  test("after one that was given up has three tries of its own", async () => {
    lose(ann);
    await world.push(room);
    await bob.ack();
    await world.pass(120_000);
    await world.push(room);
    await bob.ack();
    expect(await retriesOf(ann, 600_000)).toEqual([5, 15, 35]);
    expect(world.undelivered.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  test("is not late because somebody else in the room is dead", async () => {
    lose(bob);
    await world.push(room);
    await ann.ack();
    // The look at the dead one is not due for half a minute.
    await world.pass(40_000);
    lose(ann);
    await world.push(room, '"m"');
    heal(ann);
    await world.pass(5_000);
    expect(ann.dataOf(room)).toEqual([1, "m"]);
  });
});

describe("many messages", () => {
  test("cost one look, and one frame for those who lack them", async () => {
    lose(ann);
    for (let i = 0; i < 20; i += 1) await world.push(room, String(i));
    heal(ann);
    await bob.ack();
    expect(world.checks).toHaveLength(1);
    await world.pass(5_000);
    expect(ann.dataOf(room)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(resends(ann)).toHaveLength(1);
  });

  test("that do not fit into one frame go in several, a large one as it is", async () => {
    lose(ann);
    const data = (letter: string, bytes: number) => JSON.stringify(letter.repeat(bytes));
    for (const letter of ["a", "b", "c"]) await world.push(room, data(letter, 40_000));
    await world.push(room, data("d", 110_000));
    heal(ann);
    await bob.ack();
    await world.pass(5_000);
    expect(ann.dataOf(room).map((text) => String(text)[0])).toEqual(["a", "b", "c", "d"]);
    expect(resends(ann)).toHaveLength(2);
  });

  test("of a busy room with a dead member keep few looks under way, however long it goes on", async () => {
    lose(bob);
    for (let i = 0; i < 150; i += 1) {
      await world.push(room);
      await ann.ack();
      await world.pass(1_000);
      expect(world.checks.length).toBeLessThanOrEqual(12);
    }
  });

  test("of many members at their own times are all given up in the end", async () => {
    const dead = await Promise.all(Array.from({ length: 6 }, () => Reader.open(world)));
    for (const reader of dead) await reader.login(room, "loginWhenever");
    for (const reader of dead) {
      lose(reader);
      await world.push(room);
      await Promise.all([ann.ack(), bob.ack()]);
      for (const other of dead) if (!world.lost.has(other.page.connectionId)) await other.ack();
      await world.pass(2_600);
    }
    await world.pass(600_000);
    const reported = new Set(world.undelivered.map(({ subject }) => subject));
    expect([...reported].sort()).toEqual(dead.map(({ page }) => page.subject).sort());
    expect(world.checks).toEqual([]);
  });
});

describe("the rounds of looks", () => {
  test("end: AWS stops a function that feeds its own queue", async () => {
    lose(ann);
    await world.push(room);
    const reportUndelivered = async () => {};
    await checkRoom({ ...world.ackCheckDeps, reportUndelivered }, { roomId: room, hop: 14 });
    world.checks.shift();
    expect(world.checks).toEqual([]);
  });

  test("begin anew with the next push", async () => {
    lose(ann);
    await world.push(room, '"m"');
    world.checks.length = 0;
    world.nowMs += 20_000;
    heal(ann);
    await world.push(room, '"n"');
    await world.pass(5_000);
    expect(ann.dataOf(room)).toEqual(["m", "n"]);
  });
});

describe("who is left alone", () => {
  test("a client that does not ack is never sent anything twice, and orders no look", async () => {
    const other = `${room}-old`;
    const old = await world.connect();
    await old.login(other);
    await world.pass(31_000);
    world.lost.add(old.connectionId);
    await world.push(other);
    expect(world.checks.filter(({ check }) => check.roomId === other)).toEqual([]);
    await old.login(room, "loginWhenever");
    await world.push(room);
    world.lost.clear();
    await world.pass(100_000);
    expect(old.inbox.filter(({ type }) => type === "replayed" || type === "message")).toEqual([]);
  });

  test("a room that nobody ever used is looked at without a trace", async () => {
    const reportUndelivered = async () => {};
    await checkRoom({ ...world.ackCheckDeps, reportUndelivered }, { roomId: `${room}-never`, hop: 0 });
    expect(await world.deps.rooms.get(`${room}-never`)).toBeUndefined();
  });

  test("one who was evicted gets nothing of the room by a look either", async () => {
    lose(ann);
    await world.push(room);
    heal(ann);
    await world.deps.rooms.takeOver(room, { connectionId: "crashed", expiresAtMs: 0 });
    await world.pass(5_000);
    expect(ann.dataOf(room)).toEqual([]);
  });

  test("one whose connection a post finds gone loses the place, and where it stopped is kept", async () => {
    await world.push(room);
    await ann.ack();
    lose(ann);
    await world.push(room);
    heal(ann);
    await ann.page.close({ tells: false });
    await world.pass(5_000);
    expect(await world.deps.members.get(room, ann.page.session)).toBeUndefined();
    expect(await world.deps.resumePoints.get(room, ann.page.subject)).toMatchObject({ seq: 1 });
  });
});

describe("a person", () => {
  const own = ({ page }: Reader) => `@user/${page.subject}`;

  test("who is nowhere is reported once per message, after the time that tries would take", async () => {
    const room = `@user/absent-${world.nextId()}`;
    await world.push(room);
    await world.pass(60_000);
    expect(world.undelivered).toEqual([]);
    await world.pass(600_000);
    expect(world.undelivered).toMatchObject([{ roomId: room, subject: room.slice(6), seq: 1 }]);
    await world.push(room);
    await world.pass(600_000);
    expect(world.undelivered.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  test("whose report could not be made is reported when the look is made again", async () => {
    const room = `@user/absent-${world.nextId()}`;
    await world.push(room);
    world.nowMs += 80_000;
    const broken = { ...world.ackCheckDeps, reportUndelivered: () => Promise.reject(new Error("throttled")) };
    await expect(checkRoom(broken, { roomId: room, hop: 3 })).rejects.toThrow("throttled");
    const reported: unknown[] = [];
    const reportUndelivered = async (undelivered: unknown[]) => void reported.push(...undelivered);
    await checkRoom({ ...world.ackCheckDeps, reportUndelivered }, { roomId: room, hop: 3 });
    expect(reported).toMatchObject([{ seq: 1 }]);
  });

  test("who comes back in time is not reported", async () => {
    await ann.page.close();
    await world.push(own(ann), '"m"');
    await world.pass(12_000);
    await ann.page.open();
    await ann.ack();
    await world.pass(600_000);
    expect(ann.dataOf("@user")).toEqual(["m"]);
    expect(world.undelivered).toEqual([]);
  });

  // What came while no page was there was reported only if none came back in time; a page that did began at the newest
  // message, so nobody ever heard of it: neither the person nor the backend.
  test.each([
    ["and stays", async () => {}],
    ["and leaves again", (page: Page) => page.close()],
    [
      "and acks what comes then, and leaves again",
      async (page: Page) => {
        await world.push(`@user/${page.subject}`);
        const { epoch = "", seq = 0 } = (await world.deps.rooms.get(`@user/${page.subject}`)) ?? {};
        await world.deps.members.ack(`@user/${page.subject}`, page.connectionId, page.connectionId, { epoch, seq });
        await page.close();
      },
    ],
  ])(
    "who comes back with a new page that begins now %s is reported once for what that one skipped",
    async (_, then) => {
      await world.push(own(ann), '"had"');
      await ann.ack();
      await ann.page.close();
      await world.push(own(ann), '"skipped"');
      await world.pass(7_000);
      const fresh = await Reader.open(world, { subject: ann.page.subject });
      await then(fresh.page);
      await world.pass(600_000);
      expect(fresh.dataOf("@user")).not.toContain("skipped");
      expect(world.undelivered.map(({ seq }) => seq)).toEqual([2]);
      await Reader.open(world, { subject: ann.page.subject });
      await world.pass(600_000);
      expect(world.undelivered.map(({ seq }) => seq)).toEqual([2]);
    },
  );

  test("who was never there is reported for what their first page skipped", async () => {
    const subject = `new-${world.nextId()}`;
    await world.push(`@user/${subject}`);
    await world.pass(7_000);
    await Reader.open(world, { subject });
    await world.pass(600_000);
    expect(world.undelivered).toMatchObject([{ subject, seq: 1 }]);
  });

  test("who polls for the first time is reported for what came before", async () => {
    await ann.page.close();
    await world.push(own(ann));
    await world.pass(7_000);
    const first = await poll(world.deps, ann.page.claims, { rooms: [] });
    const { epoch, seq } = first.rooms.find((room) => room.roomId === "@user") as { epoch: string; seq: number };
    const rooms = [{ roomId: "@user", since: { epoch, seq } }];
    await poll(world.deps, ann.page.claims, { session: first.session, rooms });
    await world.pass(600_000);
    expect(world.undelivered.map((each) => each.seq)).toEqual([1]);
  });

  test.each([
    ["has it", async () => ann.ack()],
    [
      "has it and closes",
      async () => {
        await ann.ack();
        await ann.page.close();
      },
    ],
  ])("is not reported for what a new page skipped, if another device %s", async (_, then) => {
    lose(ann);
    await world.push(own(ann), '"m"');
    const fresh = await Reader.open(world, { subject: ann.page.subject });
    heal(ann);
    await world.pass(6_000);
    await then();
    await world.pass(600_000);
    expect([ann.dataOf("@user"), fresh.dataOf("@user")]).toEqual([["m"], []]);
    expect(world.undelivered).toEqual([]);
  });

  test("is not reported for what a new page skipped, if another device comes back for it in time", async () => {
    await ann.page.close();
    await world.push(own(ann), '"m"');
    const fresh = await Reader.open(world, { subject: ann.page.subject });
    await world.pass(15_000);
    await ann.page.open();
    await ann.ack();
    await world.pass(600_000);
    expect([ann.dataOf("@user"), fresh.dataOf("@user")]).toEqual([["m"], []]);
    expect(world.undelivered).toEqual([]);
  });

  test("is reported once for what a device that is there never acks and a new page skipped", async () => {
    lose(ann);
    await world.push(own(ann));
    const fresh = await Reader.open(world, { subject: ann.page.subject });
    await world.pass(600_000);
    expect(fresh.dataOf("@user")).toEqual([]);
    expect(world.undelivered.map(({ seq }) => seq)).toEqual([1]);
  });

  test("who has it on one device is not reported for the other", async () => {
    const tablet = await Reader.open(world, { subject: ann.page.subject });
    lose(tablet);
    await world.push(own(ann));
    await ann.ack();
    await world.pass(600_000);
    expect(world.undelivered).toEqual([]);
  });

  test("who had it on a device that was closed since is not reported for the other", async () => {
    const tablet = await Reader.open(world, { subject: ann.page.subject });
    lose(tablet);
    await world.push(own(ann));
    await ann.ack();
    await ann.page.close();
    await world.pass(600_000);
    expect(world.undelivered).toEqual([]);
  });
});
