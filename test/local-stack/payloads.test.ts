import { hash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import { SocketHandle, type WebSocketConstructor } from "../../client/index.ts";
import type { Local } from "../../local/host/runtime.ts";
import { newRoom } from "../conformance/page.ts";
import { push, pushOk } from "../conformance/target.ts";
import { startStack } from "../support/start-stack.ts";
import { all, loseGrant } from "./edit-template.ts";
import { withShortTimes } from "./with-short-times.ts";

let local: Local;
beforeAll(async () => {
  local = await startStack({ edit: withShortTimes });
});
afterAll(() => local.close());

const kiloBytes = (count: number) => "é".repeat((count * 1024) / 2 - 1);
/** Small data around two that are too large for a frame. */
const mixedSizes = () => ["first", kiloBytes(200), "between", kiloBytes(4.9 * 1024), "last"];
/** Hashes, which are short enough to print in a failure. */
const hashesOf = (data: readonly unknown[]) => data.map((each) => hash("sha256", JSON.stringify(each)).slice(0, 8));

interface PageInOptions {
  room: string;
  subject?: string;
  WebSocket?: unknown;
  pollUrl?: string;
}

/** Opens a page in the room. @returns its handle, and the data and error codes that it receives */
async function pageIn({ room, subject = "ann", WebSocket: ofPage = WebSocket, pollUrl }: PageInOptions) {
  const handle = new SocketHandle({
    url: local.webSocketUrl,
    token: await local.mintToken({ sub: subject, rooms: ["*"] }),
    WebSocket: ofPage as WebSocketConstructor,
    ...(pollUrl !== undefined && { pollUrl }),
  });
  onTestFinished(() => handle.close());
  const received: unknown[] = [];
  handle.listen("wave", (data) => received.push(data));
  const errors: string[] = [];
  handle.listen("errorResp", ({ code }) => errors.push(code));
  await handle.loginRoom(room, "loginWhenever");
  return { handle, received, errors };
}
async function pushAll(roomId: string, data: readonly unknown[]): Promise<void> {
  for (const each of data) await pushOk(local, { roomId, eventName: "wave", data: each });
}
const arrived = (received: readonly unknown[], data: readonly unknown[]) =>
  vi.waitFor(() => expect(hashesOf(received)).toEqual(hashesOf(data)), { timeout: 20_000, interval: 20 });

/** A WebSocket that cannot be opened. */
class NoWebSocket extends WebSocket {
  constructor() {
    super("ws://127.0.0.1:1");
  }
}

describe("200 KB and 4.9 MB among small messages", () => {
  test("arrive at a page once and in order", async () => {
    const room = newRoom();
    const { received, errors } = await pageIn({ room });
    const data = mixedSizes();
    await pushAll(room, data);
    await arrived(received, data);
    expect(errors).toEqual([]);
  });

  test("arrive at a polling page once and in order", async () => {
    const room = newRoom();
    const { received } = await pageIn({ room, WebSocket: NoWebSocket, pollUrl: `${local.restUrl}/poll` });
    const data = mixedSizes();
    await pushAll(room, data);
    await arrived(received, data);
  });

  test("arrive at a page that was disconnected, by catch-up", async () => {
    const room = newRoom();
    const sockets: WebSocket[] = [];
    class Watched extends WebSocket {
      constructor(...given: ConstructorParameters<typeof WebSocket>) {
        super(...given);
        sockets.push(this);
      }
    }
    const { received } = await pageIn({ room, WebSocket: Watched });
    const data = mixedSizes();
    await pushAll(room, data.slice(0, 1));
    await arrived(received, data.slice(0, 1));
    sockets[0]?.terminate();
    await pushAll(room, data.slice(1));
    await arrived(received, data);
    expect(sockets.length).toBeGreaterThan(1);
  });

  test("arrive by redelivery if every first post is lost", async () => {
    const room = newRoom();
    const { received } = await pageIn({ room });
    const data = mixedSizes();
    local.faults.lostPosts = 1;
    onTestFinished(() => {
      local.faults.lostPosts = 0;
    });
    await pushAll(room, data);
    expect(received).toEqual([]);
    local.faults.lostPosts = 0;
    await arrived(received, data);
  });
});

test("a push that dies at any of its calls arrives once when it is sent again", async () => {
  const room = newRoom();
  const pushId = local.stack.ofType("AWS::Lambda::Function").find(({ logicalId }) => logicalId.includes("PushApiPush"));
  const { received } = await pageIn({ room });
  const body = (name: string) => ({
    roomId: room,
    eventName: "wave",
    data: `${kiloBytes(200)}${name}`,
    messageId: name,
  });
  await pushOk(local, body("m0"));
  const { calls = [] } = local.invocations.findLast(({ functionId }) => functionId === pushId?.logicalId) ?? {};
  // The payload is stored before anything else is written.
  expect(calls[0]).toBe("s3:PutObject");
  const names = ["m0"];
  for (const call of [1, 2, 3]) {
    for (const moment of ["before", "after"] as const) {
      const name = `m-${call}-${moment}`;
      const point = local.faults.crashAt(pushId?.logicalId ?? "", call, moment);
      await push(local, body(name));
      expect(point.struck).toBe(true);
      await pushOk(local, body(name));
      names.push(name);
    }
  }
  await arrived(
    received,
    names.map((name) => body(name).data),
  );
});

test("a payload that has left the bucket is reported to the page and skipped", async () => {
  const room = newRoom();
  const data = kiloBytes(200);
  const [bucket] = local.stack.ofType("AWS::S3::Bucket");
  await pushAll(room, [data, "next"]);
  await local.objects.remove(local.stack.physicalId(bucket?.logicalId ?? ""), hash("sha256", JSON.stringify(data)));
  const page = new SocketHandle({
    url: local.webSocketUrl,
    token: await local.mintToken({ sub: "ann", rooms: ["*"] }),
    WebSocket: WebSocket as unknown as WebSocketConstructor,
  });
  onTestFinished(() => page.close());
  const received: unknown[] = [];
  page.listen("wave", (each) => received.push(each));
  page.listen("errorResp", ({ code }) => received.push(code));
  await page.loginRoom(room, "loginWhenever", { history: 10 });
  await vi.waitFor(() => expect(hashesOf(received)).toEqual(hashesOf(["3006", "next"])), {
    timeout: 20_000,
    interval: 50,
  });
});

describe("a push function without the grant for S3", () => {
  test("refuses large data, logs the reason, and accepts small data", async () => {
    const other = await startStack({ edit: all(withShortTimes, loseGrant("push", "s3:PutObject")) });
    onTestFinished(other.close);
    const body = { roomId: newRoom(), eventName: "wave", data: kiloBytes(200) };
    expect(await push(other, body)).toMatchObject({ status: 500, answer: { code: "9002" } });
    expect(other.logs.lines.map(({ text }) => text).join("\n")).toContain("S3 answered 403 to a PUT: AccessDenied");
    expect(other.logs.lines.map(({ text }) => text).join("\n")).not.toContain("éé");
    expect(await push(other, { ...body, data: 1 })).toMatchObject({ status: 200 });
  });
});
