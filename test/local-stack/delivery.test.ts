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

/** Opens a page of this subject in the room. @returns the data of the messages it receives */
async function pageIn(roomId: string, subject: string, WebSocketOfPage = WebSocket) {
  const handle = new SocketHandle({
    url: local.webSocketUrl,
    token: await local.mintToken({ sub: subject, rooms: ["*"] }),
    WebSocket: WebSocketOfPage as unknown as WebSocketConstructor,
  });
  onTestFinished(() => handle.close());
  const received: unknown[] = [];
  handle.listen("order", (data) => received.push(data));
  await handle.loginRoom(roomId, "loginWhenever");
  return received;
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

test("a message whose post is lost arrives within redeliverAfter plus a second", async () => {
  const received = await pageIn("lost", "ann");
  let isLost = false;
  local.faults.lostPosts = () => {
    // Loses only the first post, which the push itself makes.
    if (isLost) return false;
    isLost = true;
    return true;
  };
  onTestFinished(() => {
    local.faults.lostPosts = 0;
  });
  await push("lost", 1);
  expect(isLost).toBe(true);
  expect(received).toEqual([]);
  await vi.waitFor(() => expect(received).toEqual([1]), { timeout: redeliverAfterMs + 1_000, interval: 10 });
});

/** A WebSocket that sends no acks. */
class WithoutAcks extends WebSocket {
  override send(data: string): void {
    if (JSON.parse(data).action !== "ack") super.send(data);
  }
}

test("MessageUndelivered names the user that never acks, and not the user that does", async () => {
  const receivedByAnn = await pageIn("deaf", "ann");
  const receivedByBob = await pageIn("deaf", "bob", WithoutAcks as typeof WebSocket);
  const messageId = await push("deaf", 1);
  const { detailType, detail } = await local.events.first(({ detail }) => detail.messageId === messageId);
  expect({ detailType, ...detail }).toMatchObject({ detailType: "MessageUndelivered", roomId: "deaf", subject: "bob" });
  // Redelivered to bob, and shown once.
  expect([receivedByAnn, receivedByBob]).toEqual([[1], [1]]);
  const reported = local.events.all.filter(({ detail }) => detail.messageId === messageId);
  expect(reported.map(({ detail }) => detail.subject)).toEqual(["bob"]);
});
