import { setImmediate } from "node:timers/promises";
import { UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { beforeEach, describe, expect, test } from "vitest";
import { type PollResponse, poll } from "../../../../lambdas/domain/login/poll.ts";
import type { LoginFrame, RoomToRestore } from "../../../../protocol/frames.ts";
import { AckingPage } from "../../../support/acking-page.ts";
import { type AroundCall, Harness, type Page, wireOf } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { intercept } from "../../../support/intercept.ts";
import { sharedTables } from "../../../support/shared-tables.ts";

const tables = sharedTables(openInMemoryTables);

let harness: Harness;
let room = "";
let ann: Page;
let bob: Page;
beforeEach(async () => {
  harness = new Harness(tables.client);
  room = `room-${harness.nextId()}`;
  ann = harness.page({ acks: true });
  bob = await harness.connect({ acks: true });
});

/** A page's polls. Each presents the session of the last response. */
async function pollBy(page: Page, rooms: RoomToRestore[]): Promise<PollResponse> {
  const response = await poll(harness.deps, page.claims, { rooms, ...(page.session && { session: page.session }) });
  page.session = response.session;
  harness.nowMs += 1;
  return { ...response, rooms: response.rooms.map(wireOf) };
}
const roomIn = ({ rooms }: PollResponse, roomId = room) => rooms.find((frame) => frame.roomId === roomId);
const pauseIn = ({ retryAfterMs, retryUpToMs }: PollResponse) => ({ retryAfterMs, retryUpToMs });
const loggedIn = (frame: LoginFrame | undefined) => {
  if (frame?.type !== "loggedIn") throw new Error(`not logged in: ${JSON.stringify(frame)}`);
  return frame;
};
const next = (frame: LoginFrame | undefined): RoomToRestore => {
  const { roomId, epoch, seq, upTo = seq, generation } = loggedIn(frame);
  return { roomId, generation, since: { epoch, seq: upTo } };
};
const dataIn = (frame: LoginFrame | undefined) => loggedIn(frame).missed?.map(({ data }) => data);

describe("a first poll", () => {
  test("logs in by the policy that it names, and returns the positions of @all and @user", async () => {
    const response = await pollBy(ann, [{ roomId: room, type: "loginWhenLast" }]);
    expect(response).toMatchObject({ data: { code: "2001" }, session: expect.any(String) });
    expect(response.rooms.map((frame) => [frame.roomId, frame.data.code])).toEqual([
      ["@all", "2002"],
      ["@user", "2002"],
      [room, "2002"],
    ]);
  });

  test("is refused by the same policies: 2004 while a member is present, 2003 without a grant", async () => {
    await bob.login(room);
    expect(roomIn(await pollBy(ann, [{ roomId: room }]))?.data.code).toBe("2004");
    const guest = harness.page({ rooms: ["lobby"] });
    expect(roomIn(await pollBy(guest, [{ roomId: room }]))?.data.code).toBe("2003");
  });

  test("keeps others out, as a login does", async () => {
    await pollBy(ann, [{ roomId: room }]);
    expect((await bob.login(room)).data.code).toBe("2004");
  });
});

describe("messages between two polls", () => {
  test("are in the second response, in order, and the next poll follows soon", async () => {
    const first = await pollBy(ann, [{ roomId: room, type: "loginWhenever" }]);
    await harness.push(room, '"a"');
    await harness.push(room, '"b"');
    const second = await pollBy(ann, [next(roomIn(first))]);
    expect(dataIn(roomIn(second))).toEqual(["a", "b"]);
    expect(pauseIn(second)).toEqual({ retryAfterMs: 500 });
    const third = await pollBy(ann, [next(roomIn(second))]);
    expect(dataIn(roomIn(third))).toEqual([]);
    // Within a third of the lease: two polls may fail before the membership ends.
    expect(pauseIn(third)).toEqual({ retryAfterMs: 3_000, retryUpToMs: 30_000 });
  });

  // Messages that did not fit were once left out silently.
  test("are complete, even with a history that is larger than a response", async () => {
    for (const size of [1, 60_000, 120_000, 60_000]) await harness.push(room, JSON.stringify("x".repeat(size)));
    const sizes: number[] = [];
    let catchUp: RoomToRestore = { roomId: room, type: "loginWhenever", history: 3 };
    for (let more: true | undefined = true; more; ) {
      const response = loggedIn(roomIn(await pollBy(ann, [catchUp])));
      sizes.push(...(response.missed ?? []).map(({ data }) => (data as string).length));
      if (sizes.length === 1) await harness.push(room, '"ab"');
      ({ more } = response);
      catchUp = next(response);
    }
    expect(sizes).toEqual([60_000, 120_000, 60_000, 2]);
  });

  test("of @all and @user are included, without a membership in them", async () => {
    const first = await pollBy(ann, []);
    await harness.push("@all", '"all"');
    await harness.push(`@user/${ann.subject}`, '"own"');
    const second = await pollBy(ann, [next(roomIn(first, "@all")), next(roomIn(first, "@user"))]);
    expect(dataIn(roomIn(second, "@all"))).toEqual(["all"]);
    expect(dataIn(roomIn(second, "@user"))).toEqual(["own"]);
  });

  test("are not posted, because a polling member has no connection", async () => {
    await pollBy(ann, [{ roomId: room, type: "loginWhenever" }]);
    await bob.login(room, "loginWhenever");
    const pushed = await harness.push(room);
    expect(pushed).toMatchObject({ records: [{ outcomes: { members: 2, sent: 1, waiting: 1 } }] });
    // During its lease the member may still fetch the message.
    await harness.pass(85_000);
    expect(harness.undelivered.filter(({ subject }) => subject === ann.subject)).toEqual([]);
  });
});

describe("the cursor in a poll", () => {
  test("is the ack: a message counts as delivered when the next poll starts after it", async () => {
    const first = await pollBy(ann, [{ roomId: room, type: "loginWhenever" }]);
    await harness.push(room);
    const second = await pollBy(ann, [next(roomIn(first))]);
    const cursorNow = async () => (await harness.deps.members.get(room, ann.session))?.cursor?.seq;
    expect(await cursorNow()).toBe(0);
    await pollBy(ann, [next(roomIn(second))]);
    expect(await cursorNow()).toBe(1);
  });

  test("in @user moves the user's resume point: no message is reported as undelivered", async () => {
    const first = await pollBy(ann, []);
    await harness.push(`@user/${ann.subject}`, "1");
    const second = await pollBy(ann, [next(roomIn(first, "@user"))]);
    await pollBy(ann, [next(roomIn(second, "@user"))]);
    await harness.pass(300_000);
    expect(harness.undelivered).toEqual([]);
  });
});

describe("an evicted polling member", () => {
  // The 2005 was once posted to the polling member's id, which API Gateway refuses, so polling members could not be evicted.
  test("gets its 2005 with the next poll, and no more messages of the room", async () => {
    const first = await pollBy(ann, [{ roomId: room }]);
    expect((await bob.login(room, "loginWhenLast")).data.code).toBe("2002");
    await harness.push(room);
    const second = await pollBy(ann, [next(roomIn(first))]);
    expect(roomIn(second)).toMatchObject({ type: "evicted", data: { code: "2005" } });
    expect(bob.isIn(room)).toBe(true);
  });

  test("that holds the lease but is not yet a member does not fail the other login", async () => {
    await harness.deps.rooms.takeOver(room, {
      connectionId: "poll:late",
      transport: "polling",
      expiresAtMs: harness.nowMs + 30_000,
    });
    expect((await bob.login(room, "loginWhenLast")).data.code).toBe("2002");
  });

  test("is removed by the next login or push after a take-over that crashed", async () => {
    await pollBy(ann, [{ roomId: room, type: "loginWhenever" }]);
    await harness.deps.rooms.takeOver(room, { connectionId: "crashed", transport: "websocket", expiresAtMs: 0 });
    await harness.push(room);
    expect(await harness.deps.members.get(room, ann.session)).toBeUndefined();
  });
});

describe("a lease", () => {
  test("is renewed by each poll", async () => {
    let response = await pollBy(ann, [{ roomId: room }]);
    for (let i = 0; i < 4; i += 1) {
      harness.nowMs += 60_000;
      response = await pollBy(ann, [next(roomIn(response))]);
    }
    expect((await bob.login(room)).data.code).toBe("2004");
  });

  test("that expires ends the membership", async () => {
    await pollBy(ann, [{ roomId: room }]);
    harness.nowMs += 89_000;
    expect((await bob.login(room)).data.code).toBe("2004");
    harness.nowMs += 2_000;
    expect((await bob.login(room)).data.code).toBe("2002");
  });

  test("ends at once when a poll of its own subject leaves the room", async () => {
    await pollBy(ann, [{ roomId: room }]);
    await poll(harness.deps, harness.page().claims, { session: ann.session, rooms: [], leave: [room] });
    expect((await bob.login(room)).data.code).toBe("2004");
    await poll(harness.deps, ann.claims, { session: ann.session, rooms: [], leave: [room] });
    expect((await bob.login(room)).data.code).toBe("2002");
  });

  test("starts again when a poll leaves the room and logs in to it", async () => {
    await pollBy(ann, [{ roomId: room }]);
    const { rooms } = await poll(harness.deps, ann.claims, {
      session: ann.session,
      rooms: [{ roomId: room }],
      leave: [room],
    });
    expect(roomIn({ rooms } as PollResponse)).toMatchObject({ data: { code: "2002" } });
    expect((await bob.login(room)).data.code).toBe("2004");
  });

  test("that has expired loses no message for a session that returns to the free room", async () => {
    const first = await pollBy(ann, [{ roomId: room }]);
    harness.nowMs += 100_000;
    await harness.push(room, '"meanwhile"');
    expect(dataIn(roomIn(await pollBy(ann, [next(roomIn(first))])))).toEqual(["meanwhile"]);
  });
});

describe("a poll without news", () => {
  /** Writes, except to the rooms' own rows. */
  const writes: string[] = [];
  beforeEach(async () => {
    const send = ((command: UpdateItemCommand) => {
      const { Key } = command.input;
      if (command instanceof UpdateItemCommand && Key?.item?.S !== "room") writes.push(Key?.item?.S ?? "connection");
      return tables.client.send(command);
    }) as typeof tables.client.send;
    harness = new Harness({ send });
    ann = harness.page({ acks: true });
    bob = await harness.connect({ acks: true });
  });
  /** Polls from the positions of a response, in all of its rooms. */
  const continueFrom = async (response: PollResponse, ms = 3_000) => {
    harness.nowMs += ms;
    const rooms = ["@all", "@user", room].map((roomId) => next(roomIn(response, roomId)));
    writes.length = 0;
    return pollBy(ann, rooms);
  };
  const acked = async () => continueFrom(await continueFrom(await pollBy(ann, [{ roomId: room }]), 1));

  test("writes nothing", async () => {
    await continueFrom(await acked());
    expect(writes).toEqual([]);
  });

  test("writes the positions that it acks", async () => {
    const response = await acked();
    for (const roomId of [room, "@all", `@user/${ann.subject}`]) await harness.push(roomId);
    const second = await continueFrom(response);
    expect(writes).toEqual([]);
    await continueFrom(second);
    expect(writes).toHaveLength(3);
  });

  test("renews the lease when a third of it is over", async () => {
    let response = await acked();
    let renewals = 0;
    for (let polls = 0; polls < 60; polls += 1) {
      response = await continueFrom(response);
      renewals += writes.length;
    }
    expect(renewals).toBe(6);
    expect((await bob.login(room)).data.code).toBe("2004");
  });

  test("leaves at least two thirds of a lease: two polls may fail", async () => {
    const response = await pollBy(ann, [{ roomId: room }]);
    await continueFrom(await continueFrom(response, 1), 29_000);
    expect(writes).toEqual([]);
    harness.nowMs += 60_000;
    expect((await bob.login(room)).data.code).toBe("2004");
    harness.nowMs += 2_000;
    expect((await bob.login(room)).data.code).toBe("2002");
  });

  test("gets 2005 if the room was taken over", async () => {
    const response = await acked();
    await bob.login(room, "loginWhenLast");
    expect(roomIn(await continueFrom(response))).toMatchObject({ type: "evicted", data: { code: "2005" } });
  });

  test("waits for one round trip to DynamoDB", async () => {
    const response = await acked();
    let underWay = 0;
    let hops = 0;
    const countTrips: AroundCall = async (call) => {
      if (underWay === 0) hops += 1;
      underWay += 1;
      await setImmediate();
      const done = await call();
      underWay -= 1;
      return done;
    };
    await harness.withAroundCall(countTrips, () => continueFrom(response));
    expect(hops).toBe(1);
  });

  test("that is handled after a later one moves no cursor back", async () => {
    const first = await acked();
    await harness.push(room);
    const second = await continueFrom(first);
    await continueFrom(second);
    await continueFrom(first);
    expect((await harness.deps.members.get(room, ann.session))?.cursor?.seq).toBe(1);
  });
});

describe("a page that changes from its WebSocket to polling and back", () => {
  const own = (ackingPage: AckingPage): RoomToRestore[] =>
    [room, "@all", "@user"].map((roomId) => {
      const since = ackingPage.since(roomId);
      return {
        roomId,
        ...(since && { since }),
        ...(roomId === room && { generation: ackingPage.page.memberships.get(room)?.generation ?? 0 }),
      };
    });
  const pollOnce = async (ackingPage: AckingPage) => {
    for (const frame of (await pollBy(ackingPage.page, own(ackingPage))).rooms) ackingPage.onFrame(frame);
  };

  test("loses nothing and sees nothing twice", async () => {
    const eve = await AckingPage.open(harness);
    await eve.login(room);
    await harness.push(room, "1");
    eve.page.goStale();
    await harness.push(room, "2");
    await harness.push("@all", '"all"');
    await pollOnce(eve);
    await harness.push(room, "3");
    await pollOnce(eve);
    await harness.push(room, "4");
    await eve.page.open();
    await harness.push(room, "5");
    await eve.ack();
    expect(eve.dataOf(room)).toEqual([1, 2, 3, 4, 5]);
    expect(eve.dataOf("@all")).toEqual(["all"]);
    expect(eve.refusals).toEqual([]);
    expect((await bob.login(room)).data.code).toBe("2004");
  });

  // The page had given up the poll. Its membership was polling again, so posts did not reach it.
  test("keeps its membership when a poll from before the WebSocket is handled after it", async () => {
    const eve = await AckingPage.open(harness);
    await eve.login(room);
    const requestedAtMs = harness.nowMs;
    harness.nowMs += 1_000;
    await eve.page.open();
    harness.nowMs += 1_000;
    const { session, claims } = eve.page;
    await poll(harness.deps, { ...claims, requestedAtMs }, { session, rooms: own(eve) });
    await harness.push(room, "1");
    expect(eve.dataOf(room)).toEqual([1]);
  });

  // The connection was older than the poll, so the membership could not move to it: 2003, until the lease expired.
  test("gets its membership back even if a poll was under way when the WebSocket opened", async () => {
    const eve = await AckingPage.open(harness);
    await eve.login(room);
    eve.page.goStale();
    harness.nowMs += 1_000;
    const restore = intercept(harness.deps.connections, "put", (put) => async (caller) => {
      await put(caller);
      harness.nowMs += 500;
      await pollOnce(eve);
    });
    await eve.page.open();
    restore();
    expect(eve.page.isIn(room)).toBe(true);
    await harness.push(room, "1");
    await eve.ack();
    expect(eve.dataOf(room)).toEqual([1]);
    expect(eve.refusals).toEqual([]);
  });
});

describe("a poll of several rooms", () => {
  test.each([
    ["a message of 100 KB", 100_000, 2],
    ["a payload", 200_000, 50],
  ])("returns %s, which is more than each room's share of a response", async (_, bytes, count) => {
    const rooms = Array.from({ length: count }, (_, at) => `${room}-${at}`);
    const first = await pollBy(
      ann,
      rooms.map((roomId) => ({ roomId })),
    );
    const data = "x".repeat(bytes - 2);
    await harness.push(rooms[0] ?? "", "1");
    await harness.push(rooms[0] ?? "", JSON.stringify(data));
    await harness.push(rooms[0] ?? "", "3");
    let response = first;
    const got: unknown[] = [];
    for (let hop = 0; hop < 3; hop += 1) {
      response = await pollBy(
        ann,
        rooms.map((roomId) => next(roomIn(response, roomId))),
      );
      const { missed = [] } = loggedIn(roomIn(response, rooms[0]));
      got.push(...missed.map((message) => (message.payload ? harness.fetch(message.payload) : message.data)));
    }
    expect(got).toEqual([1, data, 3]);
  });
});
