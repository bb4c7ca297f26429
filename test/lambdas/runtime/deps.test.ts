import { SendMessageBatchCommand, SQSClient } from "@aws-sdk/client-sqs";
import { mockClient } from "aws-sdk-client-mock";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import type { FanOutTask } from "../../../lambdas/domain/model/fan-out-task.ts";
import type { RateLimiter } from "../../../lambdas/domain/send/rate-limiter.ts";
import { openStub, type Received } from "../adapters/http1/stub-server.ts";

// The dependencies are composed in one place. Each connection between them is tested once.

const sqs = mockClient(SQSClient);
const queues = {
  tasks: "https://sqs/tasks",
  deadLetters: "https://sqs/dead-letters",
  checks: "https://sqs/ack-checks",
};

/** A fresh module, as in a new execution environment. */
async function freshDeps(more: Record<string, string> = {}) {
  const variables = {
    ...{ CONNECTIONS_TABLE: "Connections", ROOMS_TABLE: "Rooms", MESSAGES_TABLE: "Messages" },
    ...{ PAYLOADS_URL: "https://bucket.example", CALLBACK_URL: "http://127.0.0.1:1/socket", EVENT_BUS_NAME: "default" },
    ...{ AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "secret" },
    ...{ RETENTION_SECONDS: "86400", REDELIVER_AFTER_SECONDS: "5", ACK_CHECK_QUEUE_URL: queues.checks },
    ...{ FAN_OUT_QUEUE_URL: queues.tasks, FAN_OUT_DEAD_LETTERS_URL: queues.deadLetters },
    ...{ POSTS_PER_SECOND: "8", FAN_OUT_WORKERS: "4", REDELIVERIES_PER_SECOND: "4", REDELIVERY_WORKERS: "2" },
    ...more,
  };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  vi.resetModules();
  return await import("../../../lambdas/runtime/deps.ts");
}
const task: FanOutTask = {
  ...{ roomId: "456", messageId: "m", text: "{}", taskId: "0/1", to: { index: 0, of: 1 }, hop: 0 },
};
const orders = () =>
  sqs.commandCalls(SendMessageBatchCommand).map(({ args: [{ input }] }) => [input.QueueUrl, input.Entries?.length]);

beforeEach(() => {
  sqs.reset();
  sqs.on(SendMessageBatchCommand).resolves({});
});

describe("a fan-out worker", () => {
  test("sends dead letters to the queue with the alarm, and other tasks to its own queue", async () => {
    const deps = (await freshDeps()).fanOutDeps();
    await deps.deadLetter([task]);
    expect(orders()).toEqual([[queues.deadLetters, 1]]);
    await deps.enqueueTasks([task, task]);
    expect(orders()).toEqual([
      [queues.deadLetters, 1],
      [queues.tasks, 2],
    ]);
  });
});

describe("the rate", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"], now: 1_000_000 });
    onTestFinished(() => void vi.useRealTimers());
  });
  /** The time between the first two slots, in steps of 50 ms; the limiter catches up slots before the first. */
  const gapOf = async (limiter: RateLimiter) => {
    await limiter.acquire();
    for (let ms = 0; ms <= 10_000; ms += 50) {
      vi.setSystemTime(1_000_000 + ms);
      if (await limiter.acquire(Date.now())) return ms + 50;
    }
    return Infinity;
  };

  test("of one fan-out worker is its share: 8 a second over 4 workers", async () => {
    expect(await gapOf((await freshDeps()).fanOutDeps().limiter)).toBe(500);
  });

  test("of one redelivery worker is its share: 4 a second over 2 workers", async () => {
    expect(await gapOf((await freshDeps({ POSTS_PER_SECOND: "800" })).ackCheckDeps().limiter)).toBe(500);
  });

  test("is shared by all work of the execution environment", async () => {
    const { fanOutDeps, ackCheckDeps } = await freshDeps();
    expect(fanOutDeps().limiter).toBe(fanOutDeps().limiter);
    expect(ackCheckDeps().limiter).toBe(ackCheckDeps().limiter);
  });
});

describe("posts", () => {
  const bodyOf = ({ body }: Received) => body;

  test("have at most 400 connections, with which one worker can use the whole quota", async () => {
    const { url, requests } = await openStub(() => undefined);
    const { gateway } = (await freshDeps({ CALLBACK_URL: `${url.origin}/socket` })).deps();
    for (let i = 0; i < 401; i += 1) void gateway.post(`c-${i}`, String(i));
    await expect.poll(() => requests.length, { timeout: 10_000 }).toBe(400);
    expect(requests.map(bodyOf)).not.toContain("400");
  });

  test("without a response within 3 s are unknown", async () => {
    const { url, requests } = await openStub(() => undefined);
    const { gateway } = (await freshDeps({ CALLBACK_URL: `${url.origin}/socket` })).deps();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const posted = gateway.post("c-1", "{}");
    await expect.poll(() => requests.length).toBe(1);
    vi.advanceTimersByTime(3_000);
    expect(await posted).toBe("unknown");
  });
});
