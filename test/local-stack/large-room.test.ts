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

// A room that is too large to be posted to by the push itself: its messages go through the fan-out queue. Most of its
// members are bare WebSockets that do not ack, so that they show what went over the wire; some are pages with the client.

const silent = 300;
const acking = 40;
const members = silent + acking;
const room = "large";
const eventName = "test";

/** A task that was not finished comes back after so long; AWS wants six times what its function may take. */
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
let pages: { handle: SocketHandle; heard: unknown[] }[];

/** Some at a time: a machine of two cores would begin all handshakes and end none. */
async function inTens<T>(count: number, make: (i: number) => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  for (let from = 0; from < count; from += 10) {
    const some = Array.from({ length: Math.min(10, count - from) }, (_, i) => make(from + i));
    made.push(...(await Promise.all(some)));
  }
  return made;
}

beforeAll(async () => {
  target = await startTarget({ edit: all(withShortTimes, withShortTasks), environmentsMax: 6 });
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
    const heard: unknown[] = [];
    handle.listen(eventName, (data) => heard.push(data));
    await handle.loginRoom(room, "loginWhenever");
    return { handle, heard };
  });
});
afterAll(async () => {
  for (const { handle } of pages ?? []) handle.close();
  for (const { socket } of raw ?? []) socket.terminate();
  database?.destroy();
  await target?.close();
});
afterEach(() => void Object.assign(target.faults, noFaults()));

/** How often each of the bare ones got the message. */
const timesOf = (messageId: string) =>
  raw.map(({ inbox }) => (inbox as { messageId?: string }[]).filter((frame) => frame.messageId === messageId).length);
/** How often each page's callback heard the data. */
const heardOf = (data: unknown) => pages.map(({ heard }) => heard.filter((each) => each === data).length);
const once = (count: number) => Array.from({ length: count }, () => 1);
const statusOf = async (messageId: string) => {
  const { answer } = await push(target, undefined, { method: "GET", path: `/push/${messageId}` });
  return answer.rooms[0];
};
/** Until the push is done and has been counted for so many. */
const untilSent = (messageId: string, sent: number) =>
  vi.waitFor(async () => expect(await statusOf(messageId)).toMatchObject({ done: true, outcomes: { sent } }), {
    timeout: 20_000,
    interval: 200,
  });
const untilHeard = (data: unknown) =>
  vi.waitFor(() => expect(heardOf(data)).toEqual(once(acking)), { timeout: 25_000, interval: 100 });
/** What was sent to them before has arrived. */
const settled = () => Promise.all(raw.map((page) => page.settle()));
const fanOutId = () => {
  const functions = target.stack.ofType("AWS::Lambda::Function").map(({ logicalId }) => logicalId);
  return functions.find((id) => id.startsWith("DownlinkFanOut")) ?? "";
};
const runsOfFanOut = () => target.invocations.filter(({ functionId }) => functionId === fanOutId()).length;

describe("a push", () => {
  test("to a large room reaches each member once through the queue, and can be asked about", async () => {
    const before = runsOfFanOut();
    const messageId = await pushOk(target, { roomId: room, eventName, data: "room" });
    await untilHeard("room");
    await untilSent(messageId, members);
    await settled();
    expect(timesOf(messageId)).toEqual(once(silent));
    expect(heardOf("room")).toEqual(once(acking));
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
    await untilHeard("everyone");
    await untilSent(messageId, members);
    await settled();
    expect(timesOf(messageId)).toEqual(once(silent));
    expect(heardOf("everyone")).toEqual(once(acking));
  });

  test("into a storm of 500 loses nobody, and nobody hears it twice", async () => {
    // As many as the fan-out posts in a little more than a second.
    let refused = 0;
    target.faults.failingPosts = () => {
      refused += 1;
      return refused <= 1_200;
    };
    const messageId = await pushOk(target, { roomId: room, eventName, data: "storm" });
    await untilSent(messageId, members);
    await untilHeard("storm");
    await settled();
    expect(refused).toBeGreaterThan(1_200);
    expect(timesOf(messageId)).toEqual(once(silent));
    expect(heardOf("storm")).toEqual(once(acking));
    expect((await statusOf(messageId)).outcomes).toMatchObject({ members, failed: 0 });
  });

  test("whose tasks all come twice is heard once by everybody", async () => {
    target.faults.duplicatedMessages = 1;
    const before = runsOfFanOut();
    const messageId = await pushOk(target, { roomId: room, eventName, data: "twice" });
    await untilHeard("twice");
    await untilSent(messageId, members);
    await settled();
    expect(runsOfFanOut() - before).toBeGreaterThan(1);
    expect(timesOf(messageId)).toEqual(once(silent));
    expect(heardOf("twice")).toEqual(once(acking));
  });

  test("whose worker dies, and then the next one too, is heard once by whoever acks and missed by nobody", async () => {
    target.faults.duplicatedMessages = 1;
    // The first takes the task and dies; the second among its posts.
    const points = [target.faults.crashAt(fanOutId(), 1, "after"), target.faults.crashAt(fanOutId(), 60, "before")];
    const messageId = await pushOk(target, { roomId: room, eventName, data: "crash" });
    for (const point of points) {
      await vi.waitFor(() => expect(point.struck).toBe(true), { timeout: 20_000, interval: 50 });
      await endLeases(messageId);
    }
    await untilHeard("crash");
    await vi.waitFor(() => expect(timesOf(messageId).filter((times) => times === 0)).toEqual([]), {
      timeout: 20_000,
      interval: 200,
    });
    await untilDone(messageId);
    await settled();
    expect(heardOf("crash")).toEqual(once(acking));
  });
});

const untilDone = (messageId: string) =>
  vi.waitFor(async () => expect((await statusOf(messageId)).done).toBe(true), { timeout: 20_000, interval: 200 });

/** The 45 s pass for which a worker has its task alone: a Lambda's clock cannot be moved. */
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
