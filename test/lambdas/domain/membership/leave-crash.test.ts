import { describe, expect, test } from "vitest";
import { poll } from "../../../../lambdas/domain/login/poll.ts";
import { disconnect } from "../../../../lambdas/domain/membership/connection.ts";
import { leaveRoom } from "../../../../lambdas/domain/membership/leave.ts";
import { AckingPage } from "../../../support/acking-page.ts";
import { countCalls, crash } from "../../../support/crash.ts";
import { Harness, type Page } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { sharedTables } from "../../../support/shared-tables.ts";

// A member's cursor is copied to the resume point before the member is removed. So at every moment, and after every crash,
// the cursor is in one of the two.

const tables = sharedTables(openInMemoryTables);

interface Scene {
  harness: Harness;
  room: string;
  subject: string;
  session: string;
  leave(): Promise<unknown>;
}

/** A member that has acked the first of two messages. */
async function openWithPage(
  leave: (harness: Harness, room: string, ackingPage: AckingPage) => Promise<unknown>,
): Promise<Scene> {
  const harness = new Harness(tables.client);
  const room = `room-${harness.nextId()}`;
  const ackingPage = await AckingPage.open(harness);
  await ackingPage.login(room, "loginWhenever");
  await harness.push(room);
  await ackingPage.ack();
  await harness.push(room);
  const { subject, session } = ackingPage.page;
  return { harness, room, subject, session, leave: () => leave(harness, room, ackingPage) };
}

/** The same for a member that polls. */
async function openWithPolls(): Promise<Scene> {
  const harness = new Harness(tables.client);
  const room = `room-${harness.nextId()}`;
  const { claims, subject } = harness.page();
  const caller = () => ({ ...claims, requestedAtMs: harness.nowMs });
  const type = "loginWhenever" as const;
  const { session, rooms } = await poll(harness.deps, caller(), { rooms: [{ roomId: room, type }] });
  const frame = rooms.find(({ roomId }) => roomId === room);
  if (frame?.type !== "loggedIn") throw new Error("the poll did not log in");
  const { generation, epoch } = frame;
  await harness.push(room);
  const since = { epoch, seq: 1 };
  await poll(harness.deps, caller(), { session, rooms: [{ roomId: room, type, generation, since }] });
  await harness.push(room);
  harness.nowMs += 1;
  const leave = () => poll(harness.deps, caller(), { session, rooms: [], leave: [room] });
  return { harness, room, subject, session, leave };
}

const ways: [string, () => Promise<Scene>][] = [
  [
    "leaveRoom",
    () =>
      openWithPage((harness, room, { page }) =>
        leaveRoom(harness.deps, page.caller, { action: "leaveRoom", roomId: room }),
      ),
  ],
  [
    "the end of a connection",
    () => openWithPage((harness, _, { page }) => disconnect(harness.deps, page.connectionId)),
  ],
  ["a poll that leaves the room", openWithPolls],
];

describe.each(ways)("after a crash at any point of %s", (_, begin) => {
  test("the cursor is in the member or in the resume point", async () => {
    const counted = await begin();
    const calls = await countCalls(counted.harness, counted.leave);
    expect(await counted.harness.unwatched.members.get(counted.room, counted.session)).toBeUndefined();
    for (let call = 1; call <= calls; call += 1) {
      for (const moment of ["before", "after"] as const) {
        const { harness, room, subject, session, leave } = await begin();
        await crash(harness, leave, { call, moment });
        const member = await harness.unwatched.members.get(room, session);
        const kept = await harness.deps.resumePoints.get(room, subject);
        expect([member?.cursor?.seq, kept?.seq], `${moment} call ${call} of ${calls}`).toContain(1);
      }
    }
  });
});

/** Leaves a `loginWhenFirst` room as its leaseholder, and crashes at each point. */
async function crashHoldersLeave(check: (scene: Scene, page: Page, where: string) => Promise<void>): Promise<void> {
  const begin = async () => {
    const harness = new Harness(tables.client);
    const room = `room-${harness.nextId()}`;
    const { page } = await AckingPage.open(harness);
    await page.login(room, "loginWhenFirst");
    const leave = () => leaveRoom(harness.deps, page.caller, { action: "leaveRoom", roomId: room });
    return { page, scene: { harness, room, subject: page.subject, session: page.session, leave } };
  };
  const counted = await begin();
  const calls = await countCalls(counted.scene.harness, counted.scene.leave);
  for (let call = 1; call <= calls; call += 1) {
    for (const moment of ["before", "after"] as const) {
      const { page, scene } = await begin();
      await crash(scene.harness, scene.leave, { call, moment });
      await check(scene, page, `${moment} call ${call} of ${calls}`);
    }
  }
}

test("the end of the connection removes the member after a crash: its row forgets the room last", async () => {
  await crashHoldersLeave(async ({ harness, room, session }, { connectionId }, where) => {
    await disconnect(harness.deps, connectionId);
    expect(await harness.unwatched.members.get(room, session), where).toBeUndefined();
  });
});

test("the lease is released after the member is removed: no crash leaves a member in a free room", async () => {
  await crashHoldersLeave(async ({ harness, room, session }, { connectionId }, where) => {
    const member = await harness.unwatched.members.get(room, session);
    const leaseOf = (await harness.unwatched.rooms.get(room))?.lease?.connectionId;
    if (member) expect(leaseOf, where).toBe(connectionId);
  });
});
