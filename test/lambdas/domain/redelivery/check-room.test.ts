import { beforeEach, describe, expect, test } from "vitest";
import { runAckCheck } from "../../../../lambdas/domain/redelivery/run-ack-check.ts";
import { AckingPage } from "../../../support/acking-page.ts";
import { Harness } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { intercept } from "../../../support/intercept.ts";
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
  await ann.login(room, "loginWhenever");
  await bob.login(room, "loginWhenever");
  // The leases of the logins have expired: no login is pending.
  await harness.pass(31_000);
});

const redeliveriesTo = ({ page }: AckingPage) => page.inbox.filter(({ type }) => type === "replayed");
const lose = ({ page }: AckingPage) => harness.lost.add(page.connectionId);
const heal = ({ page }: AckingPage) => harness.lost.delete(page.connectionId);
/** When posts to a page are made, in seconds from now. */
async function postTimesOf({ page }: AckingPage, forMs: number): Promise<number[]> {
  const startMs = harness.nowMs;
  const seconds: number[] = [];
  const restore = intercept(harness.deps.gateway, "post", (post) => (connectionId, text) => {
    if (connectionId === page.connectionId) seconds.push((harness.nowMs - startMs) / 1000);
    return post(connectionId, text);
  });
  await harness.pass(forMs);
  restore();
  return seconds;
}

describe("a message that all members have acknowledged", () => {
  test("is not redelivered, and costs one ack check", async () => {
    await harness.push(room);
    await Promise.all([ann.ack(), bob.ack()]);
    expect(harness.checks).toHaveLength(1);
    await harness.pass(5_000);
    expect(harness.checks).toEqual([]);
    expect([...redeliveriesTo(ann), ...redeliveriesTo(bob)]).toEqual([]);
    await harness.pass(300_000);
    expect(harness.undelivered).toEqual([]);
  });
});

describe("a message whose post was lost", () => {
  test("is redelivered after five seconds, only to the member that lacks it", async () => {
    lose(ann);
    await harness.push(room, '"m"');
    heal(ann);
    await bob.ack();
    await harness.pass(5_000);
    expect(ann.dataOf(room)).toEqual(["m"]);
    expect(redeliveriesTo(bob)).toEqual([]);
    await ann.ack();
    await harness.pass(300_000);
    expect(ann.page.messages()).toEqual([]);
    expect(redeliveriesTo(ann)).toHaveLength(1);
    expect(harness.undelivered).toEqual([]);
  });

  test("is redelivered three times, with pauses of 5, 10 and 20 seconds, and then reported once", async () => {
    lose(ann);
    const pushed = await harness.push(room);
    await bob.ack();
    expect(await postTimesOf(ann, 600_000)).toEqual([5, 15, 35]);
    expect(harness.undelivered).toEqual([
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
    expect(harness.checks).toEqual([]);
  });

  test("can be replayed after its redeliveries are exhausted", async () => {
    lose(ann);
    await harness.push(room, '"old"');
    await harness.pass(120_000);
    heal(ann);
    await harness.push(room, '"new"');
    await ann.fill();
    expect(ann.dataOf(room)).toEqual(["old", "new"]);
  });

  test("has its own three redeliveries after those of an earlier message are exhausted", async () => {
    lose(ann);
    await harness.push(room);
    await bob.ack();
    await harness.pass(120_000);
    await harness.push(room);
    await bob.ack();
    expect(await postTimesOf(ann, 600_000)).toEqual([5, 15, 35]);
    expect(harness.undelivered.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  test("is redelivered on time although another member never acknowledges", async () => {
    lose(bob);
    await harness.push(room);
    await ann.ack();
    // The next check for the other member is due half a minute later.
    await harness.pass(40_000);
    lose(ann);
    await harness.push(room, '"m"');
    heal(ann);
    await harness.pass(5_000);
    expect(ann.dataOf(room)).toEqual([1, "m"]);
  });
});

describe("many messages", () => {
  test("cost one ack check, and one frame per member that lacks them", async () => {
    lose(ann);
    for (let i = 0; i < 20; i += 1) await harness.push(room, String(i));
    heal(ann);
    await bob.ack();
    expect(harness.checks).toHaveLength(1);
    await harness.pass(5_000);
    expect(ann.dataOf(room)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(redeliveriesTo(ann)).toHaveLength(1);
  });

  test("that do not fit into one frame are redelivered in several, a large one alone", async () => {
    lose(ann);
    const data = (letter: string, bytes: number) => JSON.stringify(letter.repeat(bytes));
    for (const letter of ["a", "b", "c"]) await harness.push(room, data(letter, 40_000));
    await harness.push(room, data("d", 110_000));
    heal(ann);
    await bob.ack();
    await harness.pass(5_000);
    expect(ann.dataOf(room).map((text) => String(text)[0])).toEqual(["a", "b", "c", "d"]);
    expect(redeliveriesTo(ann)).toHaveLength(2);
  });

  test("to a room with a member that never acknowledges keep the number of scheduled checks small", async () => {
    lose(bob);
    for (let i = 0; i < 150; i += 1) {
      await harness.push(room);
      await ann.ack();
      await harness.pass(1_000);
      expect(harness.checks.length).toBeLessThanOrEqual(12);
    }
  });

  test("to members with different cursors all exhaust their redeliveries", async () => {
    const stale = await Promise.all(Array.from({ length: 6 }, () => AckingPage.open(harness)));
    for (const ackingPage of stale) await ackingPage.login(room, "loginWhenever");
    for (const ackingPage of stale) {
      lose(ackingPage);
      await harness.push(room);
      await Promise.all([ann.ack(), bob.ack()]);
      for (const other of stale) if (!harness.lost.has(other.page.connectionId)) await other.ack();
      await harness.pass(2_600);
    }
    await harness.pass(600_000);
    const reported = new Set(harness.undelivered.map(({ subject }) => subject));
    expect([...reported].sort()).toEqual(stale.map(({ page }) => page.subject).sort());
    expect(harness.checks).toEqual([]);
  });
});

describe("a chain of ack checks", () => {
  test("ends after 14 checks", async () => {
    lose(ann);
    await harness.push(room);
    const reportUndelivered = async () => {};
    await runAckCheck({ ...harness.ackCheckDeps, reportUndelivered }, { kind: "room", roomId: room, hop: 14 });
    harness.checks.shift();
    expect(harness.checks).toEqual([]);
  });

  test("is started again by the next push", async () => {
    lose(ann);
    await harness.push(room, '"m"');
    harness.checks.length = 0;
    harness.nowMs += 20_000;
    heal(ann);
    await harness.push(room, '"n"');
    await harness.pass(5_000);
    expect(ann.dataOf(room)).toEqual(["m", "n"]);
  });
});

describe("an ack check does not affect", () => {
  test("a client that does not acknowledge: it gets each message once, and its room has no checks", async () => {
    const other = `${room}-old`;
    const old = await harness.connect();
    await old.login(other);
    await harness.pass(31_000);
    harness.lost.add(old.connectionId);
    await harness.push(other);
    expect(harness.checks.filter(({ check }) => check.roomId === other)).toEqual([]);
    await old.login(room, "loginWhenever");
    await harness.push(room);
    harness.lost.clear();
    await harness.pass(100_000);
    expect(old.inbox.filter(({ type }) => type === "replayed" || type === "message")).toEqual([]);
  });

  test("a room that was never used: it is not created", async () => {
    const reportUndelivered = async () => {};
    await runAckCheck(
      { ...harness.ackCheckDeps, reportUndelivered },
      { kind: "room", roomId: `${room}-never`, hop: 0 },
    );
    expect(await harness.deps.rooms.get(`${room}-never`)).toBeUndefined();
  });

  test("an evicted member: nothing of the room is redelivered to it", async () => {
    lose(ann);
    await harness.push(room);
    heal(ann);
    await harness.deps.rooms.takeOver(room, { connectionId: "crashed", transport: "websocket", expiresAtMs: 0 });
    await harness.pass(5_000);
    expect(ann.dataOf(room)).toEqual([]);
  });

  test("a member whose connection is gone: its membership is removed, and its resume point kept", async () => {
    await harness.push(room);
    await ann.ack();
    lose(ann);
    await harness.push(room);
    heal(ann);
    await ann.page.close({ isReported: false });
    await harness.pass(5_000);
    expect(await harness.deps.members.get(room, ann.page.session)).toBeUndefined();
    expect(await harness.deps.resumePoints.get(room, ann.page.subject)).toMatchObject({ seq: 1 });
  });
});
