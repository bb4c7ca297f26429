import { beforeEach, describe, expect, test } from "vitest";
import { poll } from "../../../../lambdas/domain/login/poll.ts";
import { AckingPage } from "../../../support/acking-page.ts";
import { Harness } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { sharedTables } from "../../../support/shared-tables.ts";

const tables = sharedTables(openInMemoryTables);

let harness: Harness;
let room = "";
let ann: AckingPage;
let bob: AckingPage;
beforeEach(async () => {
  harness = new Harness(tables.client);
  room = `room-${harness.nextId()}`;
  ann = await AckingPage.open(harness);
  bob = await AckingPage.open(harness);
  await bob.login(room, "loginWhenever");
  // Nobody is coming in any more, who could have been overlooked.
  await harness.pass(31_000);
});

const lose = ({ page }: AckingPage) => harness.lost.add(page.connectionId);
const reported = () => harness.undelivered.map(({ subject, roomId, seq }) => [subject, roomId, seq]);
const ofAnn = (...seqs: number[]) => seqs.map((seq) => [ann.page.subject, room, seq]);

describe("a poller", () => {
  const pollBy = (session?: string, rooms: Parameters<typeof poll>[2]["rooms"] = []) =>
    poll(harness.deps, { ...ann.page.claims, requestedAtMs: harness.nowMs }, { rooms, ...(session && { session }) });
  const begin = () => pollBy(undefined, [{ roomId: room, type: "loginWhenever" }]);
  const goOn = async (before: Awaited<ReturnType<typeof begin>>) => {
    const here = before.rooms.find(({ roomId }) => roomId === room);
    if (here?.type !== "loggedIn") throw new Error("the poller is not in");
    const { generation, epoch, seq } = here;
    return pollBy(before.session, [{ roomId: room, type: "loginWhenever", generation, since: { epoch, seq } }]);
  };

  test("whose lease is over is reported, after the time of the last try", async () => {
    await begin();
    await harness.push(room);
    await bob.ack();
    await harness.pass(89_000);
    expect(reported()).toEqual([]);
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
    expect(harness.checks).toEqual([]);
  });

  test("is not reported for what came behind its lease", async () => {
    await begin();
    await harness.pass(91_000);
    await harness.push(room);
    await bob.ack();
    await harness.pass(600_000);
    expect(reported()).toEqual([]);
  });

  test("that polls on is not reported, and costs no look", async () => {
    const first = await begin();
    await harness.push(room);
    const second = await goOn(first);
    await goOn(second);
    await bob.ack();
    await harness.pass(600_000);
    expect(reported()).toEqual([]);
  });

  test("that has it and is gone is not reported for a device that is given up later", async () => {
    const tablet = await AckingPage.open(harness, { subject: ann.page.subject });
    await tablet.login(room, "loginWhenever");
    lose(tablet);
    const first = await begin();
    await harness.push(room);
    await goOn(await goOn(first));
    await bob.ack();
    await harness.pass(6_000);
    const place = await harness.deps.members.get(room, tablet.page.session);
    if (place)
      await harness.deps.members.recordRedelivery(room, {
        ...place,
        redeliveries: 2,
        redeliveredAtMs: harness.nowMs + 30_000,
      });
    await harness.pass(600_000);
    expect(reported()).toEqual([]);
  });

  test("that has it and is gone is not reported for a device that is gone", async () => {
    const tablet = await AckingPage.open(harness, { subject: ann.page.subject });
    await tablet.login(room, "loginWhenever");
    lose(tablet);
    const first = await begin();
    await harness.push(room);
    await goOn(await goOn(first));
    await bob.ack();
    await harness.pass(91_000);
    await tablet.page.close();
    await harness.pass(600_000);
    expect(reported()).toEqual([]);
  });
});
