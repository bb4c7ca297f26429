import { setImmediate } from "node:timers/promises";
import { UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { beforeEach, describe, expect, test } from "vitest";
import { type PollAnswer, poll } from "../../../../lambdas/domain/login/poll.ts";
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

/** A page's polls: it asks for what it has not got, as its last answer told. */
async function pollBy(page: Page, rooms: RoomToRestore[]): Promise<PollAnswer> {
  const answer = await poll(harness.deps, page.claims, { rooms, ...(page.session && { session: page.session }) });
  page.session = answer.session;
  harness.nowMs += 1;
  return { ...answer, rooms: answer.rooms.map(wireOf) };
}
const roomIn = ({ rooms }: PollAnswer, roomId = room) => rooms.find((frame) => frame.roomId === roomId);
const pauseIn = ({ retryAfterMs, retryUpToMs }: PollAnswer) => ({ retryAfterMs, retryUpToMs });
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
  test("logs in by the policy that it names, and tells where everyone's and one's own room stand", async () => {
    const answer = await pollBy(ann, [{ roomId: room, type: "loginWhenLast" }]);
    expect(answer).toMatchObject({ data: { code: "2001" }, session: expect.any(String) });
    expect(answer.rooms.map((frame) => [frame.roomId, frame.data.code])).toEqual([
      ["@all", "2002"],
      ["@user", "2002"],
      [room, "2002"],
    ]);
  });

  test("is refused by the same policies: 2004 while somebody is in, 2003 without a grant", async () => {
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

describe("what came between two polls", () => {
  test("is in the second one, in order, and the next is to come soon", async () => {
    const first = await pollBy(ann, [{ roomId: room, type: "loginWhenever" }]);
    await harness.push(room, '"a"');
    await harness.push(room, '"b"');
    const second = await pollBy(ann, [next(roomIn(first))]);
    expect(dataIn(roomIn(second))).toEqual(["a", "b"]);
    expect(pauseIn(second)).toEqual({ retryAfterMs: 500 });
    const third = await pollBy(ann, [next(roomIn(second))]);
    expect(dataIn(roomIn(third))).toEqual([]);
    // Within a third of the lease: two polls may fail before the place is lost.
    expect(pauseIn(third)).toEqual({ retryAfterMs: 3_000, retryUpToMs: 30_000 });
  });

  // What did not fit was left out, and nobody was told.
  test("is all of a history that no answer could hold, with what came meanwhile", async () => {
    for (const size of [1, 60_000, 120_000, 60_000]) await harness.push(room, JSON.stringify("x".repeat(size)));
    const sizes: number[] = [];
    let catchUp: RoomToRestore = { roomId: room, type: "loginWhenever", history: 3 };
    for (let more: true | undefined = true; more; ) {
      const answer = loggedIn(roomIn(await pollBy(ann, [catchUp])));
      sizes.push(...(answer.missed ?? []).map(({ data }) => (data as string).length));
      if (sizes.length === 1) await harness.push(room, '"ab"');
      ({ more } = answer);
      catchUp = next(answer);
    }
    expect(sizes).toEqual([60_000, 120_000, 60_000, 2]);
  });

  test("comes from everyone's and one's own room too, without a place in them", async () => {
    const first = await pollBy(ann, []);
    await harness.push("@all", '"all"');
    await harness.push(`@user/${ann.subject}`, '"own"');
    const second = await pollBy(ann, [next(roomIn(first, "@all")), next(roomIn(first, "@user"))]);
    expect(dataIn(roomIn(second, "@all"))).toEqual(["all"]);
    expect(dataIn(roomIn(second, "@user"))).toEqual(["own"]);
  });

  test("is not posted: a poller has no connection", async () => {
    await pollBy(ann, [{ roomId: room, type: "loginWhenever" }]);
    await bob.login(room, "loginWhenever");
    const pushed = await harness.push(room);
    expect(pushed).toMatchObject({ records: [{ outcomes: { members: 2, sent: 1, waiting: 1 } }] });
    // While its lease lasts it may still come for it.
    await harness.pass(85_000);
    expect(harness.undelivered.filter(({ subject }) => subject === ann.subject)).toEqual([]);
  });
});

describe("the cursor in a poll", () => {
  test("is the ack: the message counts as there when the next poll asks behind it", async () => {
    const first = await pollBy(ann, [{ roomId: room, type: "loginWhenever" }]);
    await harness.push(room);
    const second = await pollBy(ann, [next(roomIn(first))]);
    const cursorNow = async () => (await harness.deps.members.get(room, ann.session))?.cursor?.seq;
    expect(await cursorNow()).toBe(0);
    await pollBy(ann, [next(roomIn(second))]);
    expect(await cursorNow()).toBe(1);
  });

  test("in one's own room is kept for the person: nobody is told that it was not delivered", async () => {
    const first = await pollBy(ann, []);
    await harness.push(`@user/${ann.subject}`, "1");
    const second = await pollBy(ann, [next(roomIn(first, "@user"))]);
    await pollBy(ann, [next(roomIn(second, "@user"))]);
    await harness.pass(300_000);
    expect(harness.undelivered).toEqual([]);
  });
});

describe("a poller that is put out", () => {
  // The notice was posted to the poller's place, which API Gateway refuses: nobody could evict a poller.
  test("reads its 2005 with the next poll, and nothing of the room any more", async () => {
    const first = await pollBy(ann, [{ roomId: room }]);
    expect((await bob.login(room, "loginWhenLast")).data.code).toBe("2002");
    await harness.push(room);
    const second = await pollBy(ann, [next(roomIn(first))]);
    expect(roomIn(second)).toMatchObject({ type: "evicted", data: { code: "2005" } });
    expect(bob.isIn(room)).toBe(true);
  });

  test("right after its claim, before its place is written, ends nobody's login either", async () => {
    await harness.deps.rooms.takeOver(room, { connectionId: "poll:late", expiresAtMs: harness.nowMs + 30_000 });
    expect((await bob.login(room, "loginWhenLast")).data.code).toBe("2002");
  });

  test("after a take-over that died is put out by the next login or push", async () => {
    await pollBy(ann, [{ roomId: room, type: "loginWhenever" }]);
    await harness.deps.rooms.takeOver(room, { connectionId: "crashed", expiresAtMs: 0 });
    await harness.push(room);
    expect(await harness.deps.members.get(room, ann.session)).toBeUndefined();
  });
});

describe("a lease", () => {
  test("is renewed by each poll", async () => {
    let answer = await pollBy(ann, [{ roomId: room }]);
    for (let i = 0; i < 4; i += 1) {
      harness.nowMs += 60_000;
      answer = await pollBy(ann, [next(roomIn(answer))]);
    }
    expect((await bob.login(room)).data.code).toBe("2004");
  });

  test("that runs out frees the place", async () => {
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

  test("begins anew when a poll leaves the room and logs in to it again", async () => {
    await pollBy(ann, [{ roomId: room }]);
    const { rooms } = await poll(harness.deps, ann.claims, {
      session: ann.session,
      rooms: [{ roomId: room }],
      leave: [room],
    });
    expect(roomIn({ rooms } as PollAnswer)).toMatchObject({ data: { code: "2002" } });
    expect((await bob.login(room)).data.code).toBe("2004");
  });

  test("that ran out loses no message to one who comes back to the free room", async () => {
    const first = await pollBy(ann, [{ roomId: room }]);
    harness.nowMs += 100_000;
    await harness.push(room, '"meanwhile"');
    expect(dataIn(roomIn(await pollBy(ann, [next(roomIn(first))])))).toEqual(["meanwhile"]);
  });
});

describe("a poll that finds all as the last one left it", () => {
  /** What is written beside the rooms' own rows. */
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
  /** Polls from where an answer left the page, in all of its rooms. */
  const goOn = async (answer: PollAnswer, ms = 3_000) => {
    harness.nowMs += ms;
    const rooms = ["@all", "@user", room].map((roomId) => next(roomIn(answer, roomId)));
    writes.length = 0;
    return pollBy(ann, rooms);
  };
  const acked = async () => goOn(await goOn(await pollBy(ann, [{ roomId: room }]), 1));

  test("writes nothing of it again", async () => {
    await goOn(await acked());
    expect(writes).toEqual([]);
  });

  test("writes what it says that it has", async () => {
    const answer = await acked();
    for (const roomId of [room, "@all", `@user/${ann.subject}`]) await harness.push(roomId);
    const second = await goOn(answer);
    expect(writes).toEqual([]);
    await goOn(second);
    expect(writes).toHaveLength(3);
  });

  test("takes a new lease when a third of the old one is over", async () => {
    let answer = await acked();
    let renewals = 0;
    for (let polls = 0; polls < 60; polls += 1) {
      answer = await goOn(answer);
      renewals += writes.length;
    }
    expect(renewals).toBe(6);
    expect((await bob.login(room)).data.code).toBe("2004");
  });

  test("leaves its place for two thirds of a lease at least: two polls may fail", async () => {
    const answer = await pollBy(ann, [{ roomId: room }]);
    await goOn(await goOn(answer, 1), 29_000);
    expect(writes).toEqual([]);
    harness.nowMs += 60_000;
    expect((await bob.login(room)).data.code).toBe("2004");
    harness.nowMs += 2_000;
    expect((await bob.login(room)).data.code).toBe("2002");
  });

  test("is out as well if somebody took the room over", async () => {
    const answer = await acked();
    await bob.login(room, "loginWhenLast");
    expect(roomIn(await goOn(answer))).toMatchObject({ type: "evicted", data: { code: "2005" } });
  });

  test("waits for one round of DynamoDB calls", async () => {
    const answer = await acked();
    let underWay = 0;
    let hops = 0;
    const countRoundTrips: AroundCall = async (call) => {
      if (underWay === 0) hops += 1;
      underWay += 1;
      await setImmediate();
      const done = await call();
      underWay -= 1;
      return done;
    };
    await harness.withAroundCall(countRoundTrips, () => goOn(answer));
    expect(hops).toBe(1);
  });

  test("and is handled behind a later one puts no cursor back", async () => {
    const first = await acked();
    await harness.push(room);
    const second = await goOn(first);
    await goOn(second);
    await goOn(first);
    expect((await harness.deps.members.get(room, ann.session))?.cursor?.seq).toBe(1);
  });
});

describe("a page that goes from its WebSocket to polling and back", () => {
  const own = (reader: AckingPage): RoomToRestore[] =>
    [room, "@all", "@user"].map((roomId) => {
      const since = reader.since(roomId);
      return {
        roomId,
        ...(since && { since }),
        ...(roomId === room && { generation: reader.page.memberships.get(room)?.generation ?? 0 }),
      };
    });
  const pollOnce = async (reader: AckingPage) => {
    for (const frame of (await pollBy(reader.page, own(reader))).rooms) reader.onFrame(frame);
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

  // The page had given the poll up, and waited for posts that its place, a poller's again, did not get.
  test("keeps its place from a poll that came in before the WebSocket opened and is handled after it", async () => {
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

  // The connect was older than the poll, so the place could not go back: 2003, until the lease was over.
  test("has its place back also if a poll was still under way when the WebSocket opened", async () => {
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
  ])("brings %s, which is more than each room's part of an answer", async (_, bytes, count) => {
    const rooms = Array.from({ length: count }, (_, at) => `${room}-${at}`);
    const first = await pollBy(
      ann,
      rooms.map((roomId) => ({ roomId })),
    );
    const data = "x".repeat(bytes - 2);
    await harness.push(rooms[0] ?? "", "1");
    await harness.push(rooms[0] ?? "", JSON.stringify(data));
    await harness.push(rooms[0] ?? "", "3");
    let answer = first;
    const got: unknown[] = [];
    for (let hop = 0; hop < 3; hop += 1) {
      answer = await pollBy(
        ann,
        rooms.map((roomId) => next(roomIn(answer, roomId))),
      );
      const { missed = [] } = loggedIn(roomIn(answer, rooms[0]));
      got.push(...missed.map((message) => (message.payload ? harness.fetch(message.payload) : message.data)));
    }
    expect(got).toEqual([1, data, 3]);
  });
});
