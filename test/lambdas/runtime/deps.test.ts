import { SendMessageBatchCommand, SQSClient } from "@aws-sdk/client-sqs";
import { mockClient } from "aws-sdk-client-mock";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import type { FanOutTask } from "../../../lambdas/domain/model/fan-out-task.ts";
import type { RateLimiter } from "../../../lambdas/domain/send/rate-limiter.ts";
import { openStub, type Received } from "../adapters/http1/stub-server.ts";

// What the functions work with is put together here and nowhere else: each wire is tried once.

const sqs = mockClient(SQSClient);
const queues = { tasks: "https://sqs/tasks", deadLetters: "https://sqs/dead-letters", checks: "https://sqs/looks" };

/** Made anew, as in a new execution environment. */
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
  test("puts what it gives up into the dead-letter queue, where the alarm is, and the rest into its own", async () => {
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

describe("the pace", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"], now: 1_000_000 });
    onTestFinished(() => void vi.useRealTimers());
  });
  /** How long after its first turn one has the next, in steps of 50 ms: it makes up for those before the first. */
  const gapOf = async (limiter: RateLimiter) => {
    await limiter.acquire();
    for (let ms = 0; ms <= 10_000; ms += 50) {
      vi.setSystemTime(1_000_000 + ms);
      if (await limiter.acquire(Date.now())) return ms + 50;
    }
    return Infinity;
  };

  test("of one fan-out worker is its part of that of all: 8 a second over 4 workers", async () => {
    expect(await gapOf((await freshDeps()).fanOutDeps().limiter)).toBe(500);
  });

  test("of one worker that sends again is its part of another: 4 a second over 2 workers", async () => {
    expect(await gapOf((await freshDeps({ POSTS_PER_SECOND: "800" })).ackCheckDeps().limiter)).toBe(500);
  });

  test("is that of the execution environment, whatever it works at", async () => {
    const { fanOutDeps, ackCheckDeps } = await freshDeps();
    expect(fanOutDeps().limiter).toBe(fanOutDeps().limiter);
    expect(ackCheckDeps().limiter).toBe(ackCheckDeps().limiter);
  });
});

describe("posts", () => {
  const bodyOf = ({ body }: Received) => body;

  test("have 400 lines, so that one worker can use up the quota, and no more", async () => {
    const { url, requests } = await openStub(() => undefined);
    const { gateway } = (await freshDeps({ CALLBACK_URL: `${url.origin}/socket` })).deps();
    for (let i = 0; i < 401; i += 1) void gateway.post(`c-${i}`, String(i));
    await expect.poll(() => requests.length, { timeout: 10_000 }).toBe(400);
    expect(requests.map(bodyOf)).not.toContain("400");
  });

  test("that are not answered within 3 s are unknown", async () => {
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
