import { describe, expect, test } from "vitest";
import { poll } from "../../../../lambdas/domain/login/poll.ts";
import { disconnect } from "../../../../lambdas/domain/membership/connection.ts";
import { leaveRoom } from "../../../../lambdas/domain/membership/leave.ts";
import { countCalls, crash } from "../../../support/crash.ts";
import { openQuickTables } from "../../../support/quick-tables.ts";
import { Reader } from "../../../support/reader.ts";
import { tablesForAll } from "../../../support/tables-for-all.ts";
import { type Page, World } from "../../../support/world.ts";

// A member's cursor moves to the resume points of the room before the member is removed. At every moment, and so after
// every crash, the cursor is in one of the two.

const tables = tablesForAll(openQuickTables);

interface Scene {
  world: World;
  room: string;
  subject: string;
  session: string;
  leave(): Promise<unknown>;
}

/** A member who has acked the first of two messages. */
async function beginWithPage(leave: (world: World, room: string, reader: Reader) => Promise<unknown>): Promise<Scene> {
  const world = new World(tables.client);
  const room = `room-${world.nextId()}`;
  const reader = await Reader.open(world);
  await reader.login(room, "loginWhenever");
  await world.push(room);
  await reader.ack();
  await world.push(room);
  const { subject, session } = reader.page;
  return { world, room, subject, session, leave: () => leave(world, room, reader) };
}

/** The same for a member that polls. */
async function beginWithPolls(): Promise<Scene> {
  const world = new World(tables.client);
  const room = `room-${world.nextId()}`;
  const { claims, subject } = world.page();
  const caller = () => ({ ...claims, requestedAtMs: world.nowMs });
  const type = "loginWhenever" as const;
  const { session, rooms } = await poll(world.deps, caller(), { rooms: [{ roomId: room, type }] });
  const frame = rooms.find(({ roomId }) => roomId === room);
  if (frame?.type !== "loggedIn") throw new Error("the poll did not log in");
  const { generation, epoch } = frame;
  await world.push(room);
  const since = { epoch, seq: 1 };
  await poll(world.deps, caller(), { session, rooms: [{ roomId: room, type, generation, since }] });
  await world.push(room);
  world.nowMs += 1;
  const leave = () => poll(world.deps, caller(), { session, rooms: [], leave: [room] });
  return { world, room, subject, session, leave };
}

const ways: [string, () => Promise<Scene>][] = [
  [
    "leaveRoom",
    () =>
      beginWithPage((world, room, { page }) =>
        leaveRoom(world.deps, page.caller, { action: "leaveRoom", roomId: room }),
      ),
  ],
  ["the end of a connection", () => beginWithPage((world, _, { page }) => disconnect(world.deps, page.connectionId))],
  ["a poll that leaves the room", beginWithPolls],
];

describe.each(ways)("after a crash at any point of %s", (_, begin) => {
  test("the cursor is in the member or in the resume point", async () => {
    const counted = await begin();
    const calls = await countCalls(counted.world, counted.leave);
    expect(await counted.world.unwatched.members.get(counted.room, counted.session)).toBeUndefined();
    for (let call = 1; call <= calls; call += 1) {
      for (const moment of ["before", "after"] as const) {
        const { world, room, subject, session, leave } = await begin();
        await crash(world, leave, { call, moment });
        const member = await world.unwatched.members.get(room, session);
        const kept = await world.deps.resumePoints.get(room, subject);
        expect([member?.cursor?.seq, kept?.seq], `${moment} call ${call} of ${calls}`).toContain(1);
      }
    }
  });
});

/** Leaves as the holder of a `loginWhenFirst` room, and dies at each point. */
async function crashHoldersLeave(check: (scene: Scene, page: Page, where: string) => Promise<void>): Promise<void> {
  const begin = async () => {
    const world = new World(tables.client);
    const room = `room-${world.nextId()}`;
    const { page } = await Reader.open(world);
    await page.login(room, "loginWhenFirst");
    const leave = () => leaveRoom(world.deps, page.caller, { action: "leaveRoom", roomId: room });
    return { page, scene: { world, room, subject: page.subject, session: page.session, leave } };
  };
  const counted = await begin();
  const calls = await countCalls(counted.scene.world, counted.scene.leave);
  for (let call = 1; call <= calls; call += 1) {
    for (const moment of ["before", "after"] as const) {
      const { page, scene } = await begin();
      await crash(scene.world, scene.leave, { call, moment });
      await check(scene, page, `${moment} call ${call} of ${calls}`);
    }
  }
}

test("the end of the connection removes the member after a crash: its row forgets the room last", async () => {
  await crashHoldersLeave(async ({ world, room, session }, { connectionId }, where) => {
    await disconnect(world.deps, connectionId);
    expect(await world.unwatched.members.get(room, session), where).toBeUndefined();
  });
});

test("the lease is released after the member is removed: no crash leaves a member in a free room", async () => {
  await crashHoldersLeave(async ({ world, room, session }, { connectionId }, where) => {
    const member = await world.unwatched.members.get(room, session);
    const leaseOf = (await world.unwatched.rooms.get(room))?.lease?.connectionId;
    if (member) expect(leaseOf, where).toBe(connectionId);
  });
});
