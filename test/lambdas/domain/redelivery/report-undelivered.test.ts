import { beforeEach, describe, expect, test } from "vitest";
import { publish } from "../../../../lambdas/domain/push/publish.ts";
import { checkRoom } from "../../../../lambdas/domain/redelivery/check-room.ts";
import { openQuickTables } from "../../../support/quick-tables.ts";
import { Reader } from "../../../support/reader.ts";
import { tablesForAll } from "../../../support/tables-for-all.ts";
import { World } from "../../../support/world.ts";

const tables = tablesForAll(openQuickTables);

let world: World;
let room = "";
let ann: Reader;
let tablet: Reader;
let bob: Reader;
beforeEach(async () => {
  world = new World(tables.client);
  room = `room-${world.nextId()}`;
  ann = await Reader.open(world, { publish: ["*"] });
  tablet = await Reader.open(world, { subject: ann.page.subject });
  bob = await Reader.open(world);
  for (const reader of [ann, tablet, bob]) await reader.login(room, "loginWhenever");
  // Nobody is coming in any more, who could have been overlooked.
  await world.pass(31_000);
});

const lose = (...readers: Reader[]) => {
  for (const { page } of readers) world.lost.add(page.connectionId);
};
const reported = () => world.undelivered.map(({ subject, roomId, seq }) => [subject, roomId, seq]);

describe("one report for each person and message", () => {
  // Each device that did not ack was reported: the person got two SMS.
  test("whose two devices in a room do not ack", async () => {
    lose(ann, tablet);
    await world.push(room);
    await bob.ack();
    await world.pass(600_000);
    expect(reported()).toEqual([[ann.page.subject, room, 1]]);
  });

  test("whose two devices do not ack what was sent to the person", async () => {
    lose(ann, tablet);
    await world.push(`@user/${ann.page.subject}`);
    await world.pass(600_000);
    expect(reported()).toEqual([[ann.page.subject, `@user/${ann.page.subject}`, 1]]);
  });

  test("whose devices are given up by different looks", async () => {
    lose(ann, tablet);
    await world.push(room);
    await bob.ack();
    // The tablet was tried a second time before its turn.
    await world.pass(6_000);
    const { deps } = world;
    const place = await deps.members.get(room, tablet.page.session);
    if (place) await deps.members.recordRedelivery(room, { ...place, redeliveries: 2, redeliveredAtMs: world.nowMs });
    await world.pass(600_000);
    expect(reported()).toEqual([[ann.page.subject, room, 1]]);
  });

  test("but one for each message, and for each person", async () => {
    lose(ann, tablet, bob);
    await world.push(room);
    await world.push(room);
    await world.pass(600_000);
    const of = ({ page }: Reader) => [1, 2].map((seq) => [page.subject, room, seq]);
    expect(reported().toSorted()).toEqual([...of(ann), ...of(bob)].toSorted());
  });
});

describe("none", () => {
  // Where a look had no time for all, a device that is still being sent the message may be among the others.
  test("of who is gone by a look that saw only some of the room", async () => {
    lose(ann, tablet);
    await world.push(room);
    await bob.ack();
    await ann.page.close();
    world.lost.clear();
    world.nowMs += 76_000;
    await checkRoom(world.ackCheckDeps, { roomId: room, hop: 5, rest: { after: tablet.page.session } });
    expect(reported()).toEqual([]);
    await world.pass(10_000);
    await tablet.ack();
    await world.pass(600_000);
    expect(reported()).toEqual([]);
  });

  test("for who has it on another device that was closed since, in a room too", async () => {
    lose(tablet);
    await world.push(room);
    await Promise.all([ann.ack(), bob.ack()]);
    await ann.page.close();
    await world.pass(600_000);
    expect(reported()).toEqual([]);
  });

  test.each(["a room", "a person"])("for who sent it to %s and did not hear of it", async (to) => {
    lose(ann, tablet, bob);
    const target = to === "a room" ? { roomId: room } : { toUser: bob.page.subject };
    await publish(world.deps, ann.page.caller, {
      ...{ action: "publish", eventName: "chat", rawData: "1", clientMessageId: "c-1", ...target },
    });
    await world.pass(600_000);
    expect(reported()).toEqual([[bob.page.subject, target.roomId ?? `@user/${bob.page.subject}`, 1]]);
  });

  test("for who sent it to a person and has closed", async () => {
    await publish(world.deps, ann.page.caller, {
      ...{ action: "publish", eventName: "chat", rawData: "1", clientMessageId: "c-1", toUser: bob.page.subject },
    });
    await bob.ack();
    await Promise.all([ann.page.close(), tablet.page.close()]);
    await world.pass(600_000);
    expect(reported()).toEqual([]);
  });
});
