import { beforeEach, describe, expect, test } from "vitest";
import type { UnackedRange } from "../../../../lambdas/domain/model/unacked-range.ts";
import { openQuickTables } from "../../../support/quick-tables.ts";
import { Reader } from "../../../support/reader.ts";
import { tablesForAll } from "../../../support/tables-for-all.ts";
import { World } from "../../../support/world.ts";

// Somebody was in when a message came, did not ack it, and is gone before the last try.

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

const lose = ({ page }: Reader) => world.lost.add(page.connectionId);
const heal = ({ page }: Reader) => world.lost.delete(page.connectionId);
/** A message that bob has and ann has not. */
async function pushPast(reader: Reader): Promise<void> {
  lose(reader);
  await world.push(room);
  heal(reader);
  await bob.ack();
}
const reported = () => world.undelivered.map(({ subject, roomId, seq }) => [subject, roomId, seq]);
const ofAnn = (...seqs: number[]) => seqs.map((seq) => [ann.page.subject, room, seq]);
async function unackedRanges(): Promise<UnackedRange[]> {
  const all: UnackedRange[] = [];
  for await (const page of world.deps.unackedRanges.pages(room)) all.push(...page);
  return all;
}

describe("who is gone is reported once, when their last try would have been over", () => {
  test.each<[string, () => Promise<void>]>([
    ["closed", () => ann.page.close()],
    ["died, and a post found that out", () => ann.page.close({ tells: false })],
  ])("and %s", async (_, go) => {
    await pushPast(ann);
    await go();
    await world.pass(74_000);
    expect(reported()).toEqual([]);
    await world.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
    expect([await unackedRanges(), world.checks]).toEqual([[], []]);
  });

  test("though nobody is left in the room", async () => {
    await pushPast(ann);
    await Promise.all([ann.page.close(), bob.page.close()]);
    await world.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("though two of their devices are", async () => {
    const tablet = await Reader.open(world, { subject: ann.page.subject });
    await tablet.login(room, "loginWhenever");
    lose(tablet);
    await pushPast(ann);
    await Promise.all([ann.page.close(), tablet.page.close()]);
    await world.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("and went between two tries", async () => {
    await pushPast(ann);
    lose(ann);
    await world.pass(16_000);
    await ann.page.close();
    await world.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("for each message on its own time", async () => {
    await pushPast(ann);
    await world.pass(4_000);
    await pushPast(ann);
    await ann.page.close();
    await world.pass(72_500);
    expect(reported()).toEqual(ofAnn(1));
    await world.pass(600_000);
    expect(reported()).toEqual(ofAnn(1, 2));
  });

  test("and came back with a page that begins now", async () => {
    await pushPast(ann);
    await ann.page.close();
    const fresh = await Reader.open(world, { subject: ann.page.subject });
    await fresh.login(room, "loginWhenever");
    await world.push(room);
    await Promise.all([fresh.ack(), bob.ack()]);
    await world.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("and came back for it, and went again", async () => {
    await pushPast(ann);
    await ann.page.close();
    await world.pass(7_000);
    await ann.page.open();
    await ann.page.close();
    await world.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("and is reported for no message that came later", async () => {
    await pushPast(ann);
    await ann.page.close();
    await world.push(room);
    await bob.ack();
    await world.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("however many messages that are", async () => {
    lose(ann);
    for (let i = 0; i < 150; i += 1) {
      await world.push(room);
      if (i % 50 === 0) await bob.ack();
    }
    await bob.ack();
    await ann.page.close();
    await world.pass(600_000);
    expect(reported()).toEqual(ofAnn(...Array.from({ length: 150 }, (_, i) => i + 1)));
    expect(await unackedRanges()).toEqual([]);
  });

  test("also if the message took its number while they were going", async () => {
    const { remove } = world.deps.members;
    world.deps.members.remove = async (...args) => {
      world.deps.members.remove = remove;
      await pushPast(ann);
      return remove(...args);
    };
    await ann.page.close();
    await world.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("also if the look that should have come upon that was made just before it was noted", async () => {
    const { members, unackedRanges } = world.deps;
    const [{ remove }, { record }] = [{ ...members }, { ...unackedRanges }];
    members.remove = async (...args) => {
      members.remove = remove;
      await pushPast(ann);
      return remove(...args);
    };
    unackedRanges.record = async (...args) => {
      unackedRanges.record = record;
      await world.pass(6_000);
      return record(...args);
    };
    await ann.page.close();
    expect(world.checks).toHaveLength(1);
    await world.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("also if the push that took the number writes it much later", async () => {
    await world.push(room);
    await Promise.all([ann.ack(), bob.ack()]);
    const { append } = world.deps.log;
    world.deps.log.append = async (message) => {
      world.deps.log.append = append;
      await ann.page.close();
      // The look for the message before comes upon the debt.
      await world.pass(10_000);
      return append(message);
    };
    await world.push(room);
    await bob.ack();
    await world.pass(600_000);
    expect(reported()).toEqual(ofAnn(2));
  });

  test("also if what was pushed behind that is not for them", async () => {
    await world.push(room);
    await Promise.all([ann.ack(), bob.ack()]);
    const { append } = world.deps.log;
    world.deps.log.append = async (message) => {
      world.deps.log.append = append;
      await world.push(room, "1", { exclude: [ann.page.subject] });
      await ann.page.close();
      await world.pass(10_000);
      return append(message);
    };
    await world.push(room);
    await bob.fill();
    await bob.ack();
    await world.pass(600_000);
    expect(reported()).toEqual(ofAnn(2));
  });

  test("also when that report could not be made at first", async () => {
    await pushPast(ann);
    await ann.page.close();
    await world.pass(70_000);
    const { undelivered } = world;
    undelivered.push = () => {
      throw new Error("throttled");
    };
    const [due] = world.checks;
    await expect(world.pass(10_000)).rejects.toThrow("throttled");
    Reflect.deleteProperty(undelivered, "push");
    // The queue shows the look again.
    if (due) world.checks.push(due);
    await world.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });
});

describe("who is gone is not reported", () => {
  test("if they left the room, or were put out", async () => {
    await pushPast(ann);
    await ann.page.leave(room);
    await world.pass(600_000);
    expect(reported()).toEqual([]);
    const eve = await Reader.open(world);
    await pushPast(bob);
    await eve.login(room, "loginWhenLast");
    await bob.page.close();
    await world.pass(600_000);
    expect(reported()).toEqual([]);
  });

  test("if they were put out and their place was not removed yet", async () => {
    await pushPast(ann);
    await world.deps.rooms.takeOver(room, { connectionId: "crashed", expiresAtMs: 0 });
    await ann.page.close();
    expect(await unackedRanges()).toEqual([]);
  });

  test("if their last ack came while they were going", async () => {
    const { remove } = world.deps.members;
    world.deps.members.remove = async (...args) => {
      world.deps.members.remove = remove;
      const [roomId, session, connectionId] = args;
      const { epoch = "" } = (await world.deps.rooms.get(room)) ?? {};
      await world.deps.members.ack(roomId, session, connectionId, { epoch, seq: 1 });
      return remove(...args);
    };
    await pushPast(ann);
    await ann.page.close();
    expect(await unackedRanges()).toEqual([]);
    await world.pass(600_000);
    expect(reported()).toEqual([]);
  });

  test("if they had everything, which costs no look", async () => {
    await world.push(room);
    await Promise.all([ann.ack(), bob.ack()]);
    await world.pass(6_000);
    await ann.page.close();
    expect([await unackedRanges(), world.checks]).toEqual([[], []]);
    await world.pass(600_000);
    expect(reported()).toEqual([]);
  });

  test("if they had been reported before they went", async () => {
    lose(ann);
    await world.push(room);
    await bob.ack();
    await world.pass(100_000);
    await ann.page.close();
    expect([await unackedRanges(), world.checks]).toEqual([[], []]);
    await world.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("if they do not ack at all", async () => {
    const old = await world.connect();
    await old.login(room, "loginWhenever");
    await world.push(room);
    await Promise.all([ann.ack(), bob.ack()]);
    await old.close();
    expect(await unackedRanges()).toEqual([]);
  });

  test("for what is not for them, or what they sent themselves, or what nobody wants any more", async () => {
    lose(ann);
    await world.push(room, "1", { exclude: [ann.page.subject] });
    await world.push(room, "1", { from: ann.page.subject });
    await world.push(room, "1", { ttlMs: 10_000 });
    await bob.ack();
    await ann.page.close();
    await world.pass(600_000);
    expect(reported()).toEqual([]);
    expect(await unackedRanges()).toEqual([]);
  });

  test.each<[string, (fresh: () => Promise<Reader>) => Promise<void>]>([
    [
      "came back and has it",
      async () => {
        await ann.page.open();
        await ann.ack();
      },
    ],
    [
      "came back, has it and is gone again",
      async () => {
        await ann.page.open();
        await ann.ack();
        await ann.page.close();
      },
    ],
    [
      "have it on another device that was there",
      async (tablet) => {
        await (await tablet()).ack();
      },
    ],
    [
      "have it on another device that is gone too",
      async (tablet) => {
        const reader = await tablet();
        await reader.ack();
        await reader.page.close();
      },
    ],
  ])("if they %s", async (_, then) => {
    const tablet = await Reader.open(world, { subject: ann.page.subject });
    await tablet.login(room, "loginWhenever");
    const isOther = _.includes("another");
    if (!isOther) await tablet.page.leave(room);
    await pushPast(ann);
    await ann.page.close();
    await then(async () => tablet);
    await world.pass(600_000);
    expect(reported()).toEqual([]);
    expect([await unackedRanges(), world.checks]).toEqual([[], []]);
  });
});

describe("looks are few", () => {
  let ordered: number;
  beforeEach(() => {
    ordered = 0;
    const { scheduleAckCheck } = world.deps;
    world.deps.scheduleAckCheck = async (check, afterMs) => {
      if (check.roomId === room) ordered += 1;
      await scheduleAckCheck(check, afterMs);
    };
  });

  test("a page that is loaded anew and resumes its session costs none but the one for the message", async () => {
    await pushPast(ann);
    await ann.page.close();
    await ann.page.open();
    await ann.ack();
    await world.pass(600_000);
    expect(ordered).toBe(1);
    expect(reported()).toEqual([]);
  });

  test("one that is gone costs one more", async () => {
    await pushPast(ann);
    await ann.page.close({ tells: false });
    await world.pass(600_000);
    expect(ordered).toBe(2);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("a hundred that go at once cost no more than one", async () => {
    const many = await Promise.all(Array.from({ length: 100 }, () => Reader.open(world)));
    for (const reader of many) await reader.login(room, "loginWhenever");
    for (const reader of many) lose(reader);
    await pushPast(ann);
    await Promise.all([ann, ...many].map(({ page }) => page.close()));
    const { pages } = world.deps.members;
    let scans = 0;
    world.deps.members.pages = (roomId, ...args) => {
      if (roomId === room) scans += 1;
      return pages(roomId, ...args);
    };
    await world.pass(600_000);
    expect(world.undelivered).toHaveLength(101);
    expect([ordered, scans]).toEqual([2, 1]);
  });
});
