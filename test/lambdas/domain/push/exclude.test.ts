import { beforeEach, describe, expect, test } from "vitest";
import { pushStatus } from "../../../../lambdas/domain/push/status.ts";
import { openQuickTables } from "../../../support/quick-tables.ts";
import { Reader } from "../../../support/reader.ts";
import { inPagesOf } from "../../../support/tables.ts";
import { tablesForAll } from "../../../support/tables-for-all.ts";
import { World } from "../../../support/world.ts";

const tables = tablesForAll(openQuickTables);

const without = (reader: Reader) => ({ exclude: [reader.page.subject] });
const seenBy = (reader: Reader, room: string) => reader.dataOf(room).filter((data) => data !== null);
const clear = async (world: World, ...readers: Reader[]) => {
  for (let hop = 0; hop < 4; hop += 1) {
    await world.pass(6_000);
    for (const reader of readers) {
      await reader.fill();
      await reader.ack();
    }
  }
};

describe.each([
  { size: "small", client: () => tables.client },
  { size: "large", client: () => inPagesOf(1, tables.client) },
])("a push that excludes somebody of a $size room", ({ client }) => {
  let world: World;
  let room = "";
  let ann: Reader;
  let bob: Reader;
  beforeEach(async () => {
    world = new World(client());
    room = `room-${world.nextId()}`;
    [ann, bob] = [await Reader.open(world), await Reader.open(world)];
    await ann.login(room, "loginWhenever");
    await bob.login(room, "loginWhenever");
  });

  test("reaches the others, and what comes next reaches everybody without a gap", async () => {
    await world.push(room, '"moved"', without(ann));
    await world.push(room, '"next"');
    await world.pass(0);
    expect(seenBy(ann, room)).toEqual(["next"]);
    expect(seenBy(bob, room)).toEqual(["moved", "next"]);
    expect(ann.since(room)).toMatchObject({ seq: 2 });
  });

  test("does not reach them later: not by a replay, a login, a redelivery or history", async () => {
    world.lost.add(ann.page.connectionId);
    await world.push(room, '"moved"', without(ann));
    await world.push(room, '"next"');
    await world.pass(0);
    world.lost.clear();
    await clear(world, ann, bob);
    expect(seenBy(ann, room)).toEqual(["next"]);

    await ann.page.close({ tells: false });
    await ann.page.open();
    expect(seenBy(ann, room)).toEqual(["next"]);
    const retries = await Reader.open(world, { subject: ann.page.subject });
    await retries.page.login(room, "loginWhenever", { history: 10 });
    expect(seenBy(retries, room)).toEqual(["next"]);
  });

  test("reports nothing of them as undelivered, and does not count them among those who have it", async () => {
    world.lost.add(ann.page.connectionId);
    const pushed = await world.push(room, '"moved"', without(ann));
    await world.pass(0);
    await bob.ack();
    await clear(world, bob);
    expect(world.undelivered).toEqual([]);
    const [status] = (await pushStatus(world.deps, "messageId" in pushed ? pushed.messageId : "")) ?? [];
    expect(status).toMatchObject({ ackedBy: [bob.page.subject], waitingFor: [] });
  });

  test.each([0, 1] as const)("at qos %i counts the others as those it was sent to", async (qos) => {
    const pushed = await world.push(room, '"moved"', { ...without(ann), qos, messageId: `m-${room}` });
    await world.pass(0);
    const [record] = "records" in pushed ? pushed.records : [];
    const [status] = (await pushStatus(world.deps, `m-${room}`)) ?? [];
    // A small room's are known at once, and at qos 0 not kept.
    expect(record?.outcomes ?? status?.outcomes).toMatchObject({ members: 1, sent: 1 });
  });

  test("at qos 0 posts nothing to them", async () => {
    const before = ann.page.inbox.length;
    await world.push(room, '"moved"', { ...without(ann), qos: 0 });
    await world.pass(0);
    expect(ann.page.inbox).toHaveLength(before);
    expect(seenBy(bob, room)).toEqual(["moved"]);
  });
});

test("of messages that go along with one another, each keeps its own exclusions", async () => {
  const world = new World(inPagesOf(1, tables.client));
  const room = `room-${world.nextId()}`;
  const [ann, bob] = [await Reader.open(world), await Reader.open(world)];
  for (const reader of [ann, bob]) await reader.login(room, "loginWhenever");
  await world.push(room, "1");
  await world.push(room, "2", without(ann));
  await world.push(room, "3", without(bob));
  await world.pass(0);
  expect(seenBy(ann, room)).toEqual([1, 3]);
  expect(seenBy(bob, room)).toEqual([1, 2]);
});
