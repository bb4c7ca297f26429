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
  // The leases of the logins have expired: no login is pending.
  await harness.pass(31_000);
});

const lose = ({ page }: AckingPage) => harness.lost.add(page.connectionId);
const reported = () => harness.undelivered.map(({ subject, roomId, seq }) => [subject, roomId, seq]);
const ofAnn = (...seqs: number[]) => seqs.map((seq) => [ann.page.subject, room, seq]);

describe("a polling member", () => {
  const pollBy = (session?: string, rooms: Parameters<typeof poll>[2]["rooms"] = []) =>
    poll(harness.deps, { ...ann.page.claims, requestedAtMs: harness.nowMs }, { rooms, ...(session && { session }) });
  const firstPoll = () => pollBy(undefined, [{ roomId: room, type: "loginWhenever" }]);
  const nextPoll = async (last: Awaited<ReturnType<typeof firstPoll>>) => {
    const result = last.rooms.find(({ roomId }) => roomId === room);
    if (result?.type !== "loggedIn") throw new Error("the polling member has not joined");
    const { generation, epoch, seq } = result;
    return pollBy(last.session, [{ roomId: room, type: "loginWhenever", generation, since: { epoch, seq } }]);
  };

  test("whose lease has expired is reported, after the time of all redeliveries", async () => {
    await firstPoll();
    await harness.push(room);
    await bob.ack();
    await harness.pass(89_000);
    expect(reported()).toEqual([]);
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
    expect(harness.checks).toEqual([]);
  });

  test("is not reported for what came after its lease", async () => {
    await firstPoll();
    await harness.pass(91_000);
    await harness.push(room);
    await bob.ack();
    await harness.pass(600_000);
    expect(reported()).toEqual([]);
  });

  test("that keeps polling is not reported", async () => {
    const first = await firstPoll();
    await harness.push(room);
    const second = await nextPoll(first);
    await nextPoll(second);
    await bob.ack();
    await harness.pass(600_000);
    expect(reported()).toEqual([]);
  });

  test("that has the message and departed is not reported when another device is exhausted later", async () => {
    const tablet = await AckingPage.open(harness, { subject: ann.page.subject });
    await tablet.login(room, "loginWhenever");
    lose(tablet);
    const first = await firstPoll();
    await harness.push(room);
    await nextPoll(await nextPoll(first));
    await bob.ack();
    await harness.pass(6_000);
    const membership = await harness.deps.members.get(room, tablet.page.session);
    if (membership)
      await harness.deps.members.recordRedelivery(room, {
        ...membership,
        redeliveries: 2,
        redeliveredAtMs: harness.nowMs + 30_000,
      });
    await harness.pass(600_000);
    expect(reported()).toEqual([]);
  });

  test("that has the message and departed is not reported for another departed device", async () => {
    const tablet = await AckingPage.open(harness, { subject: ann.page.subject });
    await tablet.login(room, "loginWhenever");
    lose(tablet);
    const first = await firstPoll();
    await harness.push(room);
    await nextPoll(await nextPoll(first));
    await bob.ack();
    await harness.pass(91_000);
    await tablet.page.close();
    await harness.pass(600_000);
    expect(reported()).toEqual([]);
  });
});
