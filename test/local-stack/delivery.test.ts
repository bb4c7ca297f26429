import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import { SocketHandle, type WebSocketConstructor } from "../../client/index.ts";
import type { Local } from "../../local/host/runtime.ts";
import { startStack } from "../support/start-stack.ts";
import { withShortTimes } from "./with-short-times.ts";

const redeliverAfterMs = 1_000;

let local: Local;
beforeAll(async () => {
  local = await startStack({ edit: withShortTimes });
});
afterAll(() => local.close());

/** A page of this subject that is in the room, and what it hears of an event there. */
async function pageIn(roomId: string, subject: string, WebSocketOfPage = WebSocket) {
  const handle = new SocketHandle({
    url: local.webSocketUrl,
    token: await local.mintToken({ sub: subject, rooms: ["*"] }),
    WebSocket: WebSocketOfPage as unknown as WebSocketConstructor,
  });
  onTestFinished(() => handle.close());
  const heard: unknown[] = [];
  handle.listen("order", (data) => heard.push(data));
  await handle.loginRoom(roomId, "loginWhenever");
  return heard;
}

async function push(roomId: string, data: unknown): Promise<string> {
  const response = await fetch(`${local.restUrl}/push`, {
    method: "POST",
    headers: { "x-api-key": local.apiKey },
    body: JSON.stringify({ roomId, eventName: "order", data }),
  });
  const { code, messageId } = (await response.json()) as { code: string; messageId: string };
  expect(code).toBe("0000");
  return messageId;
}

test("a message whose post was lost is there within redeliverAfter and a second", async () => {
  const heard = await pageIn("lost", "ann");
  let isLost = false;
  local.faults.lostPosts = () => {
    // Only the first: that of the push itself.
    if (isLost) return false;
    isLost = true;
    return true;
  };
  onTestFinished(() => {
    local.faults.lostPosts = 0;
  });
  await push("lost", 1);
  expect(isLost).toBe(true);
  expect(heard).toEqual([]);
  await vi.waitFor(() => expect(heard).toEqual([1]), { timeout: redeliverAfterMs + 1_000, interval: 10 });
});

/** One whose acks never leave. */
class WithoutAcks extends WebSocket {
  override send(data: string): void {
    if (JSON.parse(data).action !== "ack") super.send(data);
  }
}

test("MessageUndelivered is told of the page that never acks, and not of the one that does", async () => {
  const heardByAnn = await pageIn("deaf", "ann");
  const heardByBob = await pageIn("deaf", "bob", WithoutAcks as typeof WebSocket);
  const messageId = await push("deaf", 1);
  const { detailType, detail } = await local.events.first(({ detail }) => detail.messageId === messageId);
  expect({ detailType, ...detail }).toMatchObject({ detailType: "MessageUndelivered", roomId: "deaf", subject: "bob" });
  // Sent again, but shown once.
  expect([heardByAnn, heardByBob]).toEqual([[1], [1]]);
  const told = local.events.all.filter(({ detail }) => detail.messageId === messageId);
  expect(told.map(({ detail }) => detail.subject)).toEqual(["bob"]);
});
