import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { requestHandler } from "../../../lambdas/runtime/timeouts.ts";
import { openStub } from "../adapters/http1/stub-server.ts";

beforeEach(() => {
  vi.resetModules();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => void vi.useRealTimers());

/** A server in place of AWS that does not respond to the first request, and refuses the next one. */
async function silentAws() {
  const refused = "HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}";
  const { promise: isAsked, resolve } = Promise.withResolvers<void>();
  const { url, requests } = await openStub(() => {
    resolve();
    return requests.length > 1 ? refused : undefined;
  });
  const address = url.href.slice(0, -1);
  const variables = {
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "a",
    AWS_SECRET_ACCESS_KEY: "b",
    AWS_ENDPOINT_URL: address,
    ALLOWED_ORIGINS: "*",
    CALLBACK_URL: `${address}/socket`,
    CONNECTIONS_TABLE: "connections",
    EVENT_BUS_NAME: "default",
    FAN_OUT_QUEUE_URL: `${address}/tasks`,
    FAN_OUT_WORKERS: "2",
    MESSAGES_TABLE: "messages",
    PAYLOADS_URL: `${address}/payloads`,
    POSTS_PER_SECOND: "2000",
    REDELIVER_AFTER_SECONDS: "5",
    ACK_CHECK_QUEUE_URL: `${address}/ack-checks`,
    REDELIVERY_WORKERS: "2",
    REDELIVERIES_PER_SECOND: "200",
    RETENTION_SECONDS: "60",
    ROOMS_TABLE: "rooms",
    TOKEN_SECRET_ARN: "arn:secret",
  };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  return { requests, isAsked };
}

const adapters = () => import("../../../lambdas/runtime/deps.ts");
const calls: Record<string, () => Promise<unknown>> = {
  DynamoDB: async () => (await adapters()).deps().rooms.get("456"),
  SQS: async () => (await adapters()).deps().scheduleAckCheck({ kind: "room", roomId: "456", hop: 0 }, 0),
  EventBridge: async () =>
    (await adapters())
      .ackCheckDeps()
      .reportUndelivered([
        { roomId: "456", messageId: "m", subject: "ann", eventName: "test", epoch: "e", seq: 1, atMs: 0 },
      ]),
  "Secrets Manager": async () => (await import("../../../lambdas/runtime/auth.ts")).pageAuth().verify("token"),
};

describe("a request without a response, as over a connection that died silently,", () => {
  test.each(Object.entries(calls))("to %s times out after 3 s and is repeated", async (_, call) => {
    const { requests, isAsked } = await silentAws();
    const outcome = expect(call()).rejects.toThrow();
    await isAsked;
    await vi.advanceTimersByTimeAsync(2_900);
    expect(requests).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(100);
    // The pause before it is random.
    await vi.waitFor(() => expect(requests).toHaveLength(2));
    await outcome;
    expect(requests[1]?.body).toBe(requests[0]?.body);
  });
});

test("a response that stalls and a connection that does not open have limits too", () => {
  expect(requestHandler).toMatchObject({ connectionTimeout: 1_000, socketTimeout: 3_000 });
});
