import { hash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import { SocketHandle, type WebSocketConstructor } from "../../client/index.ts";
import type { Local } from "../../local/start.ts";
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
/** Small ones around two that no frame can carry. */
const wave = () => ["first", kiloBytes(200), "between", kiloBytes(4.9 * 1024), "last"];
/** What can be compared and printed. */
const named = (data: readonly unknown[]) => data.map((each) => hash("sha256", JSON.stringify(each)).slice(0, 8));

interface Given {
  room: string;
  subject?: string;
  WebSocket?: unknown;
  pollUrl?: string;
}

/** A page that is in the room, and what it hears. */
async function pageIn({ room, subject = "ann", WebSocket: ofPage = WebSocket, pollUrl }: Given) {
  const handle = new SocketHandle({
    url: local.webSocketUrl,
    token: await local.mintToken({ sub: subject, rooms: ["*"] }),
    WebSocket: ofPage as WebSocketConstructor,
    ...(pollUrl !== undefined && { pollUrl }),
  });
  onTestFinished(() => handle.close());
  const heard: unknown[] = [];
  handle.listen("wave", (data) => heard.push(data));
  const troubles: string[] = [];
  handle.listen("errorResp", ({ code }) => troubles.push(code));
  await handle.loginRoom(room, "loginWhenever");
  return { handle, heard, troubles };
}
async function pushAll(roomId: string, data: readonly unknown[]): Promise<void> {
  for (const each of data) await pushOk(local, { roomId, eventName: "wave", data: each });
}
const arrived = (heard: readonly unknown[], data: readonly unknown[]) =>
  vi.waitFor(() => expect(named(heard)).toEqual(named(data)), { timeout: 20_000, interval: 20 });

/** Of a network that lets none through. */
class NoWebSocket extends WebSocket {
  constructor() {
    super("ws://127.0.0.1:1");
  }
}

describe("200 KB and 4.9 MB among small messages", () => {
  test("arrive at a page once and in order", async () => {
    const room = newRoom();
    const { heard, troubles } = await pageIn({ room });
    const data = wave();
    await pushAll(room, data);
    await arrived(heard, data);
    expect(troubles).toEqual([]);
  });

  test("arrive at a page that polls once and in order", async () => {
    const room = newRoom();
    const { heard } = await pageIn({ room, WebSocket: NoWebSocket, pollUrl: `${local.restUrl}/poll` });
    const data = wave();
    await pushAll(room, data);
    await arrived(heard, data);
  });

  test("arrive at a page that was away, by what it catches up", async () => {
    const room = newRoom();
    const sockets: WebSocket[] = [];
    class Watched extends WebSocket {
      constructor(...given: ConstructorParameters<typeof WebSocket>) {
        super(...given);
        sockets.push(this);
      }
    }
    const { heard } = await pageIn({ room, WebSocket: Watched });
    const data = wave();
    await pushAll(room, data.slice(0, 1));
    await arrived(heard, data.slice(0, 1));
    sockets[0]?.terminate();
    await pushAll(room, data.slice(1));
    await arrived(heard, data);
    expect(sockets.length).toBeGreaterThan(1);
  });

  test("arrive where every first post is lost, by redelivery", async () => {
    const room = newRoom();
    const { heard } = await pageIn({ room });
    const data = wave();
    local.faults.lostPosts = 1;
    onTestFinished(() => {
      local.faults.lostPosts = 0;
    });
    await pushAll(room, data);
    expect(heard).toEqual([]);
    local.faults.lostPosts = 0;
    await arrived(heard, data);
  });
});

test("a push that dies at any of its calls is not half there, and arrives when it is sent again", async () => {
  const room = newRoom();
  const pushId = local.stack.ofType("AWS::Lambda::Function").find(({ logicalId }) => logicalId.includes("PushApiPush"));
  const { heard } = await pageIn({ room });
  const body = (name: string) => ({
    roomId: room,
    eventName: "wave",
    data: `${kiloBytes(200)}${name}`,
    messageId: name,
  });
  await pushOk(local, body("m0"));
  const { calls = [] } = local.invocations.findLast(({ functionId }) => functionId === pushId?.logicalId) ?? {};
  // Nothing is written before the data are there.
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
    heard,
    names.map((name) => body(name).data),
  );
});

test("what has left the bucket is told to the page and passed over", async () => {
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
  const told: unknown[] = [];
  page.listen("wave", (each) => told.push(each));
  page.listen("errorResp", ({ code }) => told.push(code));
  await page.loginRoom(room, "loginWhenever", { history: 10 });
  await vi.waitFor(() => expect(named(told)).toEqual(named(["3006", "next"])), { timeout: 20_000, interval: 50 });
});

describe("without its grant", () => {
  test("the push function keeps nothing and says so; small messages go on", async () => {
    const other = await startStack({ edit: all(withShortTimes, loseGrant("push", "s3:PutObject")) });
    onTestFinished(other.close);
    const body = { roomId: newRoom(), eventName: "wave", data: kiloBytes(200) };
    expect(await push(other, body)).toMatchObject({ status: 500, answer: { code: "9002" } });
    expect(other.logs.lines.map(({ text }) => text).join("\n")).toContain("S3 responded to a PUT with 403: AccessDenied");
    expect(other.logs.lines.map(({ text }) => text).join("\n")).not.toContain("éé");
    expect(await push(other, { ...body, data: 1 })).toMatchObject({ status: 200 });
  });
});
