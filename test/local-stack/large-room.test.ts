import { DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { SocketHandle, type WebSocketConstructor } from "../../client/index.ts";
import type { Template } from "../../local/template/assembly.ts";
import { noFaults } from "../../local/world/faults.ts";
import { openPage, type RawPage } from "../conformance/page.ts";
import { push, pushOk } from "../conformance/target.ts";
import { all } from "./edit-template.ts";
import { type LocalTarget, startTarget } from "./local-target.ts";
import { withShortTimes } from "./with-short-times.ts";

// A room that is too large for the push itself to post to: its messages go through the fan-out queue. Most members are
// raw WebSockets, which do not ack and show each frame on the wire; the others are pages with the real client.

const silent = 300;
const acking = 40;
const members = silent + acking;
const room = "large";
const eventName = "test";

/** An unfinished task comes back after this time. AWS recommends six times the timeout of the function. */
const taskSeconds = 5;
const withShortTasks = ({ Resources }: Template) => {
  for (const [id, { Type, Properties = {} }] of Object.entries(Resources)) {
    if (!id.startsWith("DownlinkFanOut")) continue;
    if (Type === "AWS::Lambda::Function") Properties.Timeout = taskSeconds;
    if (Type === "AWS::SQS::Queue" && Properties.RedrivePolicy) Properties.VisibilityTimeout = taskSeconds;
  }
};

let target: LocalTarget;
let database: DynamoDBClient;
let raw: RawPage[];
let pages: { handle: SocketHandle; received: unknown[] }[];

/** Creates ten at a time: with all at once, handshakes would time out on a machine with two cores. */
async function inTens<T>(count: number, create: (i: number) => Promise<T>): Promise<T[]> {
  const created: T[] = [];
  for (let from = 0; from < count; from += 10) {
    const some = Array.from({ length: Math.min(10, count - from) }, (_, i) => create(from + i));
    created.push(...(await Promise.all(some)));
  }
  return created;
}

beforeAll(async () => {
  target = await startTarget({ edit: all(withShortTimes, withShortTasks), maxEnvironments: 6 });
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  database = new DynamoDBClient({ endpoint: target.databaseUrl, region: target.stack.region, credentials });
  raw = await inTens(silent, async () => {
    const page = await openPage(target);
    await page.login(room, "loginWhenever");
    return page;
  });
  pages = await inTens(acking, async (i) => {
    const handle = new SocketHandle({
      url: target.webSocketUrl,
      token: await target.mintToken({ sub: `page-${i}`, rooms: ["*"] }),
      WebSocket: WebSocket as unknown as WebSocketConstructor,
    });
    const received: unknown[] = [];
    handle.listen(eventName, (data) => received.push(data));
    await handle.loginRoom(room, "loginWhenever");
    return { handle, received };
  });
});
afterAll(async () => {
  for (const { handle } of pages ?? []) handle.close();
  for (const { socket } of raw ?? []) socket.terminate();
  database?.destroy();
  await target?.close();
});
afterEach(() => void Object.assign(target.faults, noFaults()));

/** How often each raw WebSocket received the message. */
const timesOf = (messageId: string) =>
  raw.map(({ inbox }) => (inbox as { messageId?: string }[]).filter((frame) => frame.messageId === messageId).length);
/** How often each page's callback received the data. */
const receivedOf = (data: unknown) => pages.map(({ received }) => received.filter((each) => each === data).length);
const once = (count: number) => Array.from({ length: count }, () => 1);
const statusOf = async (messageId: string) => {
  const { answer } = await push(target, undefined, { method: "GET", path: `/push/${messageId}` });
  return answer.rooms[0];
};
/** Waits until the push is done and counts this number of members as sent. */
const untilSent = (messageId: string, sent: number) =>
  vi.waitFor(async () => expect(await statusOf(messageId)).toMatchObject({ done: true, outcomes: { sent } }), {
    timeout: 20_000,
    interval: 200,
  });
const untilReceived = (data: unknown) =>
  vi.waitFor(() => expect(receivedOf(data)).toEqual(once(acking)), { timeout: 25_000, interval: 100 });
/** Waits until everything that was sent to the raw WebSockets has arrived. */
const settled = () => Promise.all(raw.map((page) => page.settle()));
const fanOutId = () => {
  const functions = target.stack.ofType("AWS::Lambda::Function").map(({ logicalId }) => logicalId);
  return functions.find((id) => id.startsWith("DownlinkFanOut")) ?? "";
};
const runsOfFanOut = () => target.invocations.filter(({ functionId }) => functionId === fanOutId()).length;

describe("a push", () => {
  test("to a large room reaches each member once through the queue, and has a status", async () => {
    const before = runsOfFanOut();
    const messageId = await pushOk(target, { roomId: room, eventName, data: "room" });
    await untilReceived("room");
    await untilSent(messageId, members);
    await settled();
    expect(timesOf(messageId)).toEqual(once(silent));
    expect(receivedOf("room")).toEqual(once(acking));
    expect(runsOfFanOut()).toBeGreaterThan(before);
    await vi.waitFor(
      async () =>
        expect(await statusOf(messageId)).toMatchObject({
          ...{ roomId: room, logged: true, done: true, acked: acking, waiting: 0 },
          outcomes: { members, sent: members, gone: 0, slow: 0, failed: 0, unknown: 0 },
        }),
      { timeout: 10_000, interval: 200 },
    );
  });

  test("to everyone reaches each connection once", async () => {
    const messageId = await pushOk(target, { eventName, data: "everyone" });
    await untilReceived("everyone");
    await untilSent(messageId, members);
    await settled();
    expect(timesOf(messageId)).toEqual(once(silent));
    expect(receivedOf("everyone")).toEqual(once(acking));
  });

  test("whose first 1,200 posts fail with 500 reaches each member exactly once", async () => {
    // The number of posts that the fan-out makes in a little more than a second.
    let refused = 0;
    target.faults.failingPosts = () => {
      refused += 1;
      return refused <= 1_200;
    };
    const messageId = await pushOk(target, { roomId: room, eventName, data: "storm" });
    await untilSent(messageId, members);
    await untilReceived("storm");
    await settled();
    expect(refused).toBeGreaterThan(1_200);
    expect(timesOf(messageId)).toEqual(once(silent));
    expect(receivedOf("storm")).toEqual(once(acking));
    expect((await statusOf(messageId)).outcomes).toMatchObject({ members, failed: 0 });
  });

  test("whose tasks are all received twice reaches each member once", async () => {
    target.faults.duplicatedMessages = 1;
    const before = runsOfFanOut();
    const messageId = await pushOk(target, { roomId: room, eventName, data: "twice" });
    await untilReceived("twice");
    await untilSent(messageId, members);
    await settled();
    expect(runsOfFanOut() - before).toBeGreaterThan(1);
    expect(timesOf(messageId)).toEqual(once(silent));
    expect(receivedOf("twice")).toEqual(once(acking));
  });

  test("whose worker dies, and the next worker too, reaches each member, and each acking page once", async () => {
    target.faults.duplicatedMessages = 1;
    // The first worker dies after it acquires the lease, the second between its posts.
    const points = [target.faults.crashAt(fanOutId(), 1, "after"), target.faults.crashAt(fanOutId(), 60, "before")];
    const messageId = await pushOk(target, { roomId: room, eventName, data: "crash" });
    for (const point of points) {
      await vi.waitFor(() => expect(point.struck).toBe(true), { timeout: 20_000, interval: 50 });
      await endLeases(messageId);
    }
    await untilReceived("crash");
    await vi.waitFor(() => expect(timesOf(messageId).filter((times) => times === 0)).toEqual([]), {
      timeout: 20_000,
      interval: 200,
    });
    await untilDone(messageId);
    await settled();
    expect(receivedOf("crash")).toEqual(once(acking));
  });
});

const untilDone = (messageId: string) =>
  vi.waitFor(async () => expect((await statusOf(messageId)).done).toBe(true), { timeout: 20_000, interval: 200 });

/** Ends the leases of the message's tasks, which last 45 s: the clock of a Lambda function cannot be moved. */
async function endLeases(messageId: string): Promise<void> {
  const TableName = target.stack
    .ofType("AWS::DynamoDB::Table")
    .map(({ logicalId }) => ({ logicalId, name: target.stack.physicalId(logicalId) }))
    .find(({ logicalId }) => logicalId.includes("Rooms"))?.name;
  const rows = ((await target.rows()) as { roomId?: string; item?: string; leaseExpiresAtMs?: number }[][]).flat();
  const isOurs = ({ roomId, item = "" }: { roomId?: string; item?: string }) =>
    roomId === `@message/${messageId}` && item.startsWith("task#");
  for (const { roomId = "", item = "", leaseExpiresAtMs } of rows.filter(isOurs)) {
    if (leaseExpiresAtMs === undefined) continue;
    await database.send(
      new UpdateItemCommand({
        TableName,
        Key: { roomId: { S: roomId }, item: { S: item } },
        UpdateExpression: "SET leaseExpiresAtMs = :over",
        ExpressionAttributeValues: { ":over": { N: "1" } },
      }),
    );
  }
}
