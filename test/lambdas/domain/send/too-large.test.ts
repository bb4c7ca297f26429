import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { replay } from "../../../../lambdas/domain/delivery/replay.ts";
import { AckingPage } from "../../../support/acking-page.ts";
import { openHarness } from "../../../support/harness.ts";
import { intercept } from "../../../support/intercept.ts";

// API Gateway's exact limit is not documented: it may refuse a frame that counts as small enough here.
const takes = 110_000;
const tooLarge = JSON.stringify("x".repeat(takes));

let harness: Awaited<ReturnType<typeof openHarness>>;
let room = "";
let ann: AckingPage;
beforeEach(async () => {
  harness = await openHarness();
  room = `room-${harness.nextId()}`;
  ann = await AckingPage.open(harness, { subject: "ann" });
  await ann.login(room);
  intercept(
    harness.deps.gateway,
    "post",
    (post) => async (id, text) => (Buffer.byteLength(text) > takes ? "tooLarge" : post(id, text)),
  );
});
afterEach(() => harness.end());

const eventsOf = ({ page }: AckingPage) =>
  page.inbox.flatMap((frame) => (frame.type === "message" ? [frame.eventName] : []));

describe("a message that API Gateway refuses as too large", () => {
  test("is accepted and counted as failed, and not retried at once", async () => {
    expect(await harness.push(room, tooLarge)).toMatchObject({
      records: [{ outcomes: { members: 1, failed: 1, sent: 0 } }],
    });
    expect(harness.tasks).toEqual([]);
  });

  test("is skipped by the ack check: it is reported once, and the messages after it arrive", async () => {
    await harness.push(room, tooLarge);
    await harness.push(room, '"next"');
    await harness.pass(6_000);
    await ann.ack();
    await harness.pass(120_000);
    expect(ann.dataOf(room)).toEqual([null, "next"]);
    expect(eventsOf(ann)).toContain("@skip");
    expect(harness.undelivered.map(({ subject, seq }) => ({ subject, seq }))).toEqual([{ subject: "ann", seq: 1 }]);
    expect(harness.loggedErrors.map(String)).toEqual([
      expect.stringMatching(/frame of 110\d{3} bytes, which API Gateway/),
    ]);
  });

  test("does not keep an ack check from other members", async () => {
    const bob = await AckingPage.open(harness, { subject: "bob" });
    await bob.login(room, "loginWhenever");
    for (const { page } of [ann, bob]) harness.lost.add(page.connectionId);
    await harness.push(room, tooLarge);
    await harness.push(room, '"next"');
    harness.lost.clear();
    await harness.pass(6_000);
    for (const reader of [ann, bob]) expect(reader.dataOf(room)).toEqual([null, "next"]);
  });

  test("does not block a replay", async () => {
    await harness.push(room, tooLarge);
    await replay(harness.deps, ann.page.caller, { action: "replay", roomId: room, after: 0 });
    expect(eventsOf(ann)).toEqual(["@skip"]);
  });
});
