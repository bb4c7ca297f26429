import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { replay } from "../../../../lambdas/domain/delivery/replay.ts";
import { Reader } from "../../../support/reader.ts";
import { openWorld } from "../../../support/world.ts";

// Nobody has measured what API Gateway counts: it may refuse what we take for small enough.
const takes = 110_000;
const tooLarge = JSON.stringify("x".repeat(takes));

let world: Awaited<ReturnType<typeof openWorld>>;
let room = "";
let ann: Reader;
beforeEach(async () => {
  world = await openWorld();
  room = `room-${world.nextId()}`;
  ann = await Reader.open(world, { subject: "ann" });
  await ann.login(room);
  const { post } = world.deps.gateway;
  world.deps.gateway.post = async (id, text) => (Buffer.byteLength(text) > takes ? "tooLarge" : post(id, text));
});
afterEach(() => world.end());

const eventsOf = ({ page }: Reader) =>
  page.inbox.flatMap((frame) => (frame.type === "message" ? [frame.eventName] : []));

describe("a message that API Gateway takes for no connection", () => {
  test("is accepted and counted as failed, and nobody tries again at once", async () => {
    expect(await world.push(room, tooLarge)).toMatchObject({
      records: [{ outcomes: { members: 1, failed: 1, sent: 0 } }],
    });
    expect(world.tasks).toEqual([]);
  });

  test("is given up by the look: its number passes, it is reported once, and what is behind it arrives", async () => {
    await world.push(room, tooLarge);
    await world.push(room, '"behind"');
    await world.pass(6_000);
    await ann.ack();
    await world.pass(120_000);
    expect(ann.dataOf(room)).toEqual([null, "behind"]);
    expect(eventsOf(ann)).toContain("@skip");
    expect(world.undelivered.map(({ subject, seq }) => ({ subject, seq }))).toEqual([{ subject: "ann", seq: 1 }]);
    expect(world.troubles.map(String)).toEqual([expect.stringMatching(/frame of 110\d{3} bytes, which API Gateway/)]);
  });

  test("keeps no look from serving the others", async () => {
    const bob = await Reader.open(world, { subject: "bob" });
    await bob.login(room, "loginWhenever");
    for (const { page } of [ann, bob]) world.lost.add(page.connectionId);
    await world.push(room, tooLarge);
    await world.push(room, '"behind"');
    world.lost.clear();
    await world.pass(6_000);
    for (const reader of [ann, bob]) expect(reader.dataOf(room)).toEqual([null, "behind"]);
  });

  test("does not hold up a page that asks for what it missed", async () => {
    await world.push(room, tooLarge);
    await replay(world.deps, ann.page.caller, { action: "replay", roomId: room, after: 0 });
    expect(eventsOf(ann)).toEqual(["@skip"]);
  });
});
