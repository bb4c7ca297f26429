import { beforeEach, describe, expect, test } from "vitest";
import { replay } from "../../../../lambdas/domain/delivery/replay.ts";
import { poll } from "../../../../lambdas/domain/login/poll.ts";
import { push } from "../../../../lambdas/domain/push/push.ts";
import type { MessageFrame, ServerFrame } from "../../../../protocol/frames.ts";
import { inlineBytes, limits } from "../../../../protocol/limits.ts";
import type { PushRequest } from "../../../../protocol/push.ts";
import { AckingPage } from "../../../support/acking-page.ts";
import { countCalls, crash } from "../../../support/crash.ts";
import { Harness, type Page, wireOf } from "../../../support/harness.ts";
import { sharedTables } from "../../../support/shared-tables.ts";
import { openTables, rowsOf } from "../../../support/tables.ts";

const tables = sharedTables(openTables);

let harness: Harness;
let room = "";
let ann: Page;
beforeEach(async () => {
  harness = new Harness(tables.client);
  room = `room-${harness.nextId()}`;
  ann = await harness.connect({ acks: true });
  await ann.login(room);
});

/** A JSON text of so many bytes, most of whose characters have two. */
const textOf = (bytes: number) => `"${"é".repeat(Math.floor((bytes - 2) / 2))}${bytes % 2 === 1 ? "e" : ""}"`;
const large = textOf(inlineBytes);
const allRows = () => Promise.all(["Connections", "Rooms", "Messages"].map((name) => rowsOf(tables.client, name)));
const logOf = async (roomId: string) =>
  (await rowsOf(tables.client, "Messages")).filter((row) => row.roomId === roomId);
const messagesOf = (frames: readonly ServerFrame[]) =>
  frames.filter((frame): frame is MessageFrame => frame.type === "message");
const pushToRoom = (rawData: string, more: Partial<PushRequest> = {}) => harness.push(room, rawData, more);
const frameBytes = (frame: ServerFrame | undefined) => Buffer.byteLength(JSON.stringify(frame));

describe("data that fit into one frame", () => {
  test("are inline, to the last byte; with one more they are a payload", async () => {
    await pushToRoom(textOf(120_000));
    const around = frameBytes(messagesOf(ann.inbox)[0]) - 120_000;
    // The size is computed for the longest position.
    const spare = 64;
    const fits = inlineBytes - around - spare;
    await pushToRoom(textOf(fits));
    expect(messagesOf(ann.inbox).every(({ payload }) => payload === undefined)).toBe(true);
    expect(frameBytes(messagesOf(ann.inbox)[1])).toBeGreaterThan(inlineBytes - 2 * spare);
    await pushToRoom(textOf(fits + spare));
    expect(messagesOf(ann.inbox)[2]).toHaveProperty("payload");
    expect(messagesOf(ann.inbox)[2]).not.toHaveProperty("data");
  });

  test("take one call fewer than a payload", async () => {
    await pushToRoom("1");
    const calls = await countCalls(harness, () => pushToRoom("2"));
    expect(harness.payloads.size).toBe(0);
    expect(await countCalls(harness, () => pushToRoom(large))).toBe(calls + 1);
  });
});

describe("larger data", () => {
  test("are stored under their hash, and the frame has their URL, size and hash", async () => {
    await pushToRoom(large);
    const [[sha256 = "", kept] = []] = harness.payloads;
    expect(kept).toBe(large);
    expect(messagesOf(ann.inbox)).toEqual([
      {
        ...{ type: "message", eventName: "test", roomId: room, epoch: expect.any(String), seq: 1, qos: 1 },
        ...{ messageId: expect.any(String), at: harness.nowMs },
        payload: { url: harness.deps.payloads.urlOf({ sha256, bytes: 0 }), sha256, bytes: inlineBytes },
      },
    ]);
  });

  test("are in the log by their hash only, without URL and data", async () => {
    await pushToRoom(large);
    const [sha256] = harness.payloads.keys();
    const [row] = await logOf(room);
    expect(row).toMatchObject({ seq: 1, payload: { sha256, bytes: inlineBytes } });
    expect(row).not.toHaveProperty("data");
    expect(JSON.stringify(row)).not.toContain("https://");
  });

  test("are stored once for all rooms, also if the name of one room makes its frame too long", async () => {
    const long = `${room}-${"r".repeat(128 - room.length - 1)}`;
    await ann.login(long);
    const fitsRoomOnly = textOf(inlineBytes - 200);
    await push(harness.deps, { rooms: [room, long], eventName: "test", rawData: fitsRoomOnly, qos: 1 });
    expect(harness.payloads.size).toBe(1);
    expect(messagesOf(ann.inbox).map(({ payload }) => payload?.bytes)).toEqual([inlineBytes - 200, inlineBytes - 200]);
    harness.payloads.clear();
    await pushToRoom(fitsRoomOnly);
    expect(harness.payloads.size).toBe(0);
  });

  test("are sent at qos 0 too, without a log", async () => {
    await pushToRoom(large, { qos: 0 });
    const [message] = messagesOf(ann.inbox);
    expect(message).toMatchObject({ qos: 0, payload: { bytes: inlineBytes } });
    expect(message).not.toHaveProperty("seq");
    expect(await logOf(room)).toEqual([]);
  });

  test("are accepted up to 5 MB; above, they are refused with both sizes and nothing is written", async () => {
    const max = textOf(limits.payloadBytes);
    expect(await pushToRoom(max)).toHaveProperty("messageId");
    harness.payloads.clear();
    const before = await allRows();
    const refused = await pushToRoom(`${max.slice(0, -1)}e"`);
    expect(refused).toEqual({ code: "tooLarge", msg: expect.stringContaining("5242881") });
    expect(refused).toMatchObject({ msg: expect.stringContaining("5242880") });
    expect(await allRows()).toEqual(before);
    expect(harness.payloads.size).toBe(0);
  });

  test("that cannot be stored fail the push before any log is written", async () => {
    const payloads = { ...harness.deps.payloads, put: () => Promise.reject(new Error("S3 did not answer")) };
    const before = await allRows();
    const failed = push({ ...harness.deps, payloads }, { rooms: [room], eventName: "test", rawData: large, qos: 1 });
    await expect(failed).rejects.toThrow("S3 did not answer");
    expect(await allRows()).toEqual(before);
  });
});

describe("each delivery has a fresh URL", () => {
  const urlsOf = (frames: readonly (MessageFrame | undefined)[]) => frames.map((frame) => frame?.payload?.url);
  const nowUrl = () => harness.deps.payloads.urlOf({ sha256: [...harness.payloads.keys()][0] ?? "", bytes: 0 });
  beforeEach(() => pushToRoom(large));

  test("a replay", async () => {
    harness.nowMs += 60_000;
    const reply = wireOf(await replay(harness.deps, ann.caller, { action: "replay", roomId: room, after: 0 }));
    expect(urlsOf("missed" in reply ? (reply.missed ?? []) : [])).toEqual([nowUrl()]);
  });

  test("a history", async () => {
    harness.nowMs += 60_000;
    const bob = await harness.connect();
    const reply = await bob.login(room, "loginWhenever", { history: 5 });
    expect(urlsOf("missed" in reply ? (reply.missed ?? []) : [])).toEqual([nowUrl()]);
  });

  test("a redelivery", async () => {
    const before = harness.nowMs;
    await harness.pass(6_000);
    const retries = ann.inbox.flatMap((frame) => (frame.type === "replayed" ? frame.missed : []));
    expect(retries).toHaveLength(1);
    expect(urlsOf(retries)).not.toContain(`${nowUrl().split("?")[0]}?at=${before}`);
  });

  test("a poll", async () => {
    harness.nowMs += 60_000;
    const { epoch } = messagesOf(ann.inbox)[0] ?? {};
    const since = { epoch: epoch ?? "", seq: 0 };
    const rooms = [{ roomId: room, type: "loginWhenever" as const, since }];
    const { rooms: answers } = await poll(harness.deps, ann.claims, { rooms });
    const missed = answers.map(wireOf).flatMap((answer) => ("missed" in answer ? (answer.missed ?? []) : []));
    expect(urlsOf(missed)).toEqual([nowUrl()]);
  });
});

test("a hundred payloads are redelivered in frames that fit into a post", async () => {
  const reader = await AckingPage.open(harness);
  await reader.login(room, "loginWhenever");
  harness.lost.add(reader.page.connectionId);
  for (let at = 0; at < 100; at += 1) await pushToRoom(large);
  harness.lost.clear();
  for (let hop = 0; hop < 20 && reader.dataOf(room).length < 100; hop += 1) {
    await harness.pass(5_000);
    await reader.fill();
    await reader.ack();
  }
  expect(reader.dataOf(room)).toHaveLength(100);
});

test("a push that dies at any of its calls and is repeated arrives once, complete", async () => {
  const open = async () => {
    const there = new Harness(tables.client);
    const roomId = `room-${there.nextId()}`;
    const reader = await AckingPage.open(there);
    await reader.login(roomId);
    return { there, roomId, reader, work: () => there.push(roomId, large, { messageId: `m-${roomId}` }) };
  };
  const { there, work } = await open();
  const calls = await countCalls(there, work);
  for (let call = 1; call <= calls; call += 1) {
    for (const moment of ["before", "after"] as const) {
      const { there, roomId, reader, work } = await open();
      await crash(there, work, { call, moment });
      // If a log has the message, its data are stored.
      const logged = (await logOf(roomId)).filter((row) => row.payload !== undefined);
      for (const { payload } of logged) expect(there.payloads.has((payload as { sha256: string }).sha256)).toBe(true);
      await work();
      for (let hop = 0; hop < 4; hop += 1) {
        await there.pass(3_000);
        await reader.fill();
        await reader.ack();
      }
      expect([call, moment, reader.dataOf(roomId)]).toEqual([call, moment, [JSON.parse(large)]]);
    }
  }
});
