import { beforeEach, describe, expect, test } from "vitest";
import { poll } from "../../../../lambdas/domain/login/poll.ts";
import { openQuickTables } from "../../../support/quick-tables.ts";
import { Reader } from "../../../support/reader.ts";
import { tablesForAll } from "../../../support/tables-for-all.ts";
import { World } from "../../../support/world.ts";

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
  await bob.login(room, "loginWhenever");
  // Nobody is coming in any more, who could have been overlooked.
  await world.pass(31_000);
});

const lose = ({ page }: Reader) => world.lost.add(page.connectionId);
const reported = () => world.undelivered.map(({ subject, roomId, seq }) => [subject, roomId, seq]);
const ofAnn = (...seqs: number[]) => seqs.map((seq) => [ann.page.subject, room, seq]);

describe("a poller", () => {
  const pollBy = (session?: string, rooms: Parameters<typeof poll>[2]["rooms"] = []) =>
    poll(world.deps, { ...ann.page.claims, requestedAtMs: world.nowMs }, { rooms, ...(session && { session }) });
  const begin = () => pollBy(undefined, [{ roomId: room, type: "loginWhenever" }]);
  const goOn = async (before: Awaited<ReturnType<typeof begin>>) => {
    const here = before.rooms.find(({ roomId }) => roomId === room);
    if (here?.type !== "loggedIn") throw new Error("the poller is not in");
    const { generation, epoch, seq } = here;
    return pollBy(before.session, [{ roomId: room, type: "loginWhenever", generation, since: { epoch, seq } }]);
  };

  test("whose lease is over is reported, after the time of the last try", async () => {
    await begin();
    await world.push(room);
    await bob.ack();
    await world.pass(89_000);
    expect(reported()).toEqual([]);
    await world.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
    expect(world.checks).toEqual([]);
  });

  test("is not reported for what came behind its lease", async () => {
    await begin();
    await world.pass(91_000);
    await world.push(room);
    await bob.ack();
    await world.pass(600_000);
    expect(reported()).toEqual([]);
  });

  test("that polls on is not reported, and costs no look", async () => {
    const first = await begin();
    await world.push(room);
    const second = await goOn(first);
    await goOn(second);
    await bob.ack();
    await world.pass(600_000);
    expect(reported()).toEqual([]);
  });

  test("that has it and is gone is not reported for a device that is given up later", async () => {
    const tablet = await Reader.open(world, { subject: ann.page.subject });
    await tablet.login(room, "loginWhenever");
    lose(tablet);
    const first = await begin();
    await world.push(room);
    await goOn(await goOn(first));
    await bob.ack();
    await world.pass(6_000);
    const place = await world.deps.members.get(room, tablet.page.session);
    if (place)
      await world.deps.members.recordRedelivery(room, {
        ...place,
        redeliveries: 2,
        redeliveredAtMs: world.nowMs + 30_000,
      });
    await world.pass(600_000);
    expect(reported()).toEqual([]);
  });

  test("that has it and is gone is not reported for a device that is gone", async () => {
    const tablet = await Reader.open(world, { subject: ann.page.subject });
    await tablet.login(room, "loginWhenever");
    lose(tablet);
    const first = await begin();
    await world.push(room);
    await goOn(await goOn(first));
    await bob.ack();
    await world.pass(91_000);
    await tablet.page.close();
    await world.pass(600_000);
    expect(reported()).toEqual([]);
  });
});
