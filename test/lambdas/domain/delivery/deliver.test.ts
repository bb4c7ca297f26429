import { BatchWriteItemCommand } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { beforeEach, describe, expect, test } from "vitest";
import { connectionExpiry } from "../../../../lambdas/adapters/dynamodb/expiry.ts";
import { memberKey } from "../../../../lambdas/adapters/dynamodb/keys.ts";
import type { Deps } from "../../../../lambdas/domain/model/deps.ts";
import type { PostOutcome } from "../../../../lambdas/domain/model/gateway.ts";
import { push } from "../../../../lambdas/domain/push/push.ts";
import { AckingPage } from "../../../support/acking-page.ts";
import { Harness, type Page } from "../../../support/harness.ts";
import { sharedTables } from "../../../support/shared-tables.ts";
import { openTables, rowsOf } from "../../../support/tables.ts";

const tables = sharedTables(openTables);

/** At this age a connection has completed its handshake, or has ended. */
const handshakeMs = 10_000;
let harness: Harness;
let room = "";
let ann: Page;
let bob: Page;
beforeEach(async () => {
  harness = new Harness(tables.client);
  room = `room-${harness.nextId()}`;
  ann = await harness.connect();
  bob = await harness.connect();
  harness.nowMs += handshakeMs;
});

const bothIn = async () => {
  await ann.login(room, "loginWhenever");
  await bob.login(room, "loginWhenever");
};
type Post = (connectionId: string, text: string) => Promise<PostOutcome>;
/** The harness with another gateway before its own. */
const withPost = (post: Post): Deps => ({ ...harness.deps, gateway: { ...harness.deps.gateway, post } });
const pushBy = (deps: Deps, roomId = room) => push(deps, { rooms: [roomId], eventName: "test", rawData: "1", qos: 1 });
const membersIn = async (roomId: string) =>
  (await rowsOf(tables.client, "Rooms")).filter(
    (row) => row.roomId === roomId && String(row.item).startsWith("member#"),
  );
/** Writes memberships in batches, as a thousand logins would take too long. */
async function seat(roomId: string, connectionIds: string[]): Promise<void> {
  for (let from = 0; from < connectionIds.length; from += 25) {
    const Rooms = connectionIds.slice(from, from + 25).map((connectionId) => {
      const membership = { connectionId, connectedAtMs: harness.nowMs, subject: "many", generation: 0 };
      const row = { ...memberKey(roomId, connectionId), ...membership, expiresAt: connectionExpiry(harness.nowMs) };
      return { PutRequest: { Item: marshall(row) } };
    });
    await tables.client.send(new BatchWriteItemCommand({ RequestItems: { Rooms } }));
  }
}
const rowOf = async ({ connectionId }: Page) =>
  (await rowsOf(tables.client, "Connections")).find((row) => row.connectionId === connectionId);

describe("one post", () => {
  // The message was in the log, but the push got 9002, and a sender that repeated it sent two messages.
  test("that throws does not affect other members, and the message is left to redelivery", async () => {
    await bothIn();
    const failure = new Error("AccessDenied");
    const deps = withPost(async (connectionId, text) => {
      if (connectionId === ann.connectionId) throw failure;
      return harness.deps.gateway.post(connectionId, text);
    });
    const pushed = await pushBy(deps);
    expect(pushed).toMatchObject({ records: [{ seq: 1, done: false }] });
    expect(bob.messages()).toEqual([1]);
    expect(harness.loggedErrors).toEqual([failure]);
  });

  test("that throws fails a push at qos 0, which is not logged", async () => {
    await bothIn();
    const deps = withPost(() => Promise.reject(new Error("AccessDenied")));
    const unlogged = { rooms: [room], eventName: "test", rawData: "1", qos: 0 as const };
    await expect(push(deps, unlogged)).rejects.toThrow("AccessDenied");
  });

  test("that throws fails the push if no ack check could be scheduled either", async () => {
    const ackingPage = await AckingPage.open(harness);
    await ackingPage.login(room, "loginWhenever");
    const deps = { ...withPost(() => Promise.reject(new Error("AccessDenied"))) };
    const scheduleAckCheck = () => Promise.reject(new Error("no queue"));
    await expect(pushBy({ ...deps, scheduleAckCheck })).rejects.toThrow("no queue");
  });

  test("that hangs does not delay other members", async () => {
    await bothIn();
    const hanging = Promise.withResolvers<PostOutcome>();
    const bobGotIt = Promise.withResolvers<void>();
    const deps = withPost(async (connectionId, text) => {
      if (connectionId === ann.connectionId) return hanging.promise;
      return harness.deps.gateway.post(connectionId, text).finally(bobGotIt.resolve);
    });
    const pushed = pushBy(deps);
    await bobGotIt.promise;
    hanging.resolve("unknown");
    expect(await pushed).toHaveProperty("messageId");
    expect(bob.messages()).toEqual([1]);
  });

  test.each(["slow", "unknown"] as const)("with the outcome %s ends no membership", async (outcome) => {
    await bothIn();
    harness.outcomes.set(ann.connectionId, outcome);
    await pushBy(harness.deps);
    expect(bob.messages()).toEqual([1]);
    expect(await membersIn(room)).toHaveLength(2);
    expect(await rowOf(ann)).toBeDefined();
  });
});

describe("a connection that a post finds gone", () => {
  test("loses its row and all memberships", async () => {
    const other = `${room}-other`;
    await bothIn();
    await ann.login(other);
    await ann.close({ isReported: false });
    await pushBy(harness.deps);
    expect(bob.messages()).toEqual([1]);
    expect(await rowOf(ann)).toBeUndefined();
    expect(await membersIn(room)).toMatchObject([{ connectionId: bob.connectionId }]);
    expect(await membersIn(other)).toEqual([]);
    expect(await membersIn(`@user/${ann.subject}`)).toEqual([]);
    // The lease too: an empty room has none.
    expect((await harness.deps.rooms.open(other)).lease).toBeUndefined();
  });

  test("keeps its row and memberships while API Gateway reports it as open: a 410 can follow a post that arrived", async () => {
    await bothIn();
    harness.outcomes.set(ann.connectionId, "gone");
    await pushBy(harness.deps);
    expect(await membersIn(room)).toHaveLength(2);
    expect(await rowOf(ann)).toBeDefined();
  });

  test("loses a membership that was written after its end, when its row is gone", async () => {
    await ann.close();
    await harness.deps.members.put(room, {
      ...{ session: ann.session, connectionId: ann.connectionId, connectedAtMs: harness.nowMs },
      ...{ subject: ann.subject, generation: 0, holdsLease: false },
    });
    harness.nowMs += handshakeMs;
    await pushBy(harness.deps);
    expect(await membersIn(room)).toEqual([]);
  });

  // Found by DELIVERY_SEED=1000000: a push to everyone read the row that it had just removed, which its role does not
  // allow, and got 9002.
  test("is removed by a push to everyone without a read of its row", async () => {
    await ann.close({ isReported: false });
    harness.nowMs += handshakeMs;
    const get = () => Promise.reject(new Error("not authorized to perform dynamodb:GetItem"));
    const { get: getMember } = harness.deps.members;
    const members = {
      ...harness.deps.members,
      get: (roomId: string, session: string) => (roomId === "@all" ? get() : getMember(roomId, session)),
    };
    const deps = { ...harness.deps, members, connections: { ...harness.deps.connections, get } };
    expect(await push(deps, { rooms: ["@all"], eventName: "test", rawData: "1", qos: 1 })).toHaveProperty("messageId");
    expect(await rowOf(ann)).toBeUndefined();
    expect(bob.messages()).toEqual([1]);
  });

  test("keeps the memberships of its session's new connection", async () => {
    await ann.login(room);
    const old = ann.connectionId;
    const deps = withPost(async (connectionId, text) => {
      // The page reconnects between the read of the members and the post.
      if (connectionId === old && ann.connectionId === old) await ann.open();
      return harness.deps.gateway.post(connectionId, text);
    });
    harness.outcomes.set(old, "gone");
    harness.pages.delete(old);
    await pushBy(deps);
    expect(await membersIn(room)).toMatchObject([{ connectionId: ann.connectionId }]);
    await pushBy(harness.deps);
    expect(ann.messages()).toEqual([1]);
  });

  // A push to everyone removed the row that `$connect` had just written, so the page's hello found none.
  test("keeps its row while its handshake may be under way", async () => {
    const eve = await harness.connect();
    await eve.close({ isReported: false });
    await pushBy(harness.deps, "@all");
    expect(await rowOf(eve)).toBeDefined();
    harness.nowMs += handshakeMs;
    await pushBy(harness.deps, "@all");
    expect(await rowOf(eve)).toBeUndefined();
  });

  test("is removed after a push to everyone as well", async () => {
    await ann.close({ isReported: false });
    await pushBy(harness.deps, "@all");
    expect(await rowOf(ann)).toBeUndefined();
    expect(bob.messages()).toEqual([1]);
  });
});

describe("an evicted member without its notice", () => {
  beforeEach(async () => {
    await ann.login(room, "loginWhenever");
    await harness.deps.rooms.takeOver(room, { connectionId: "crashed", transport: "websocket", expiresAtMs: 0 });
    await bob.login(room, "loginWhenever");
  });

  test("gets 2005 instead of the message", async () => {
    await pushBy(harness.deps);
    expect(ann.codes(room)).toEqual(["2005"]);
    expect(ann.messages()).toEqual([]);
    expect(bob.messages()).toEqual([1]);
  });

  // Evictions ran while the members were read: a dead connection delayed the whole room, a refused post ended the push.
  test("that cannot be reached does not delay the others", async () => {
    const hanging = Promise.withResolvers<PostOutcome>();
    const bobGotIt = Promise.withResolvers<void>();
    const deps = withPost(async (connectionId, text) => {
      if (connectionId === ann.connectionId) return hanging.promise;
      return harness.deps.gateway.post(connectionId, text).finally(bobGotIt.resolve);
    });
    const pushed = pushBy(deps);
    await bobGotIt.promise;
    hanging.resolve("unknown");
    await pushed;
    expect(bob.messages()).toEqual([1]);
  });

  test("whose notice fails does not prevent the delivery to the others", async () => {
    const deps = withPost(async (connectionId, text) => {
      if (connectionId === ann.connectionId) throw new Error("AccessDenied");
      return harness.deps.gateway.post(connectionId, text);
    });
    await pushBy(deps);
    expect(bob.messages()).toEqual([1]);
    expect(harness.loggedErrors).toMatchObject([{ message: "AccessDenied" }]);
  });
});

describe("a push", () => {
  test("is logged before it is posted", async () => {
    await bothIn();
    const mayLog = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const done: string[] = [];
    const deps: Deps = {
      ...withPost(async (connectionId, text) => {
        done.push("post");
        return harness.deps.gateway.post(connectionId, text);
      }),
      log: {
        ...harness.deps.log,
        append: async (message) => {
          asked.resolve();
          await mayLog.promise;
          const written = await harness.deps.log.append(message);
          done.push("log");
          return written;
        },
      },
    };
    const pushed = pushBy(deps);
    await asked.promise;
    // All that does not wait for the log happens now.
    await rowsOf(tables.client, "Rooms");
    expect(done).toEqual([]);
    mayLog.resolve();
    await pushed;
    expect(done).toEqual(["log", "post", "post"]);
  });

  test("that cannot be logged reaches no member", async () => {
    await bothIn();
    const log = { ...harness.deps.log, append: () => Promise.reject(new Error("throttled")) };
    await expect(pushBy({ ...harness.deps, log })).rejects.toThrow("throttled");
    expect([...ann.messages(), ...bob.messages()]).toEqual([]);
  });
});

describe("a room of 250", () => {
  test("is posted to at once, and each member gets the message once", async () => {
    const connectionIds = Array.from({ length: 250 }, (_, i) => `${room}-${i}`);
    await seat(room, connectionIds);
    const posted: string[] = [];
    let running = 0;
    let max = 0;
    const full = Promise.withResolvers<void>();
    const post: Post = async (connectionId) => {
      running += 1;
      max = Math.max(max, running);
      if (running === 250) full.resolve();
      await full.promise;
      await new Promise<void>((done) => setImmediate(done));
      running -= 1;
      posted.push(connectionId);
      if (Number(connectionId.split("-").at(-1)) % 100 === 7) throw new Error("broken");
      return "sent";
    };
    expect(await pushBy(withPost(post))).toMatchObject({ records: [{ done: false }] });
    expect(harness.loggedErrors).toMatchObject([{ message: "broken" }]);
    expect(posted.sort()).toEqual(connectionIds.sort());
    expect(max).toBe(250);
    expect(harness.tasks).toEqual([]);
  });
});
