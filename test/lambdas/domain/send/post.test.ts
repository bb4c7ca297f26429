import { describe, expect, test } from "vitest";
import type { PostOutcome } from "../../../../lambdas/domain/model/gateway.ts";
import { post } from "../../../../lambdas/domain/send/post.ts";
import type { RateLimiter } from "../../../../lambdas/domain/send/rate-limiter.ts";
import { withDeadline } from "../../../../lambdas/domain/send/rate-limiter.ts";
import { intercept } from "../../../support/intercept.ts";

/** A gateway with these outcomes, the last one repeated. `happened` has all calls in their order. */
function gatewayOf(...outcomes: PostOutcome[]) {
  const happened: string[] = [];
  const waitsMs: number[] = [];
  let attempts = 0;
  const attempt = async (connectionId: string, text: string): Promise<PostOutcome> => {
    happened.push(`post ${connectionId} ${text}`);
    attempts += 1;
    return outcomes[Math.min(attempts, outcomes.length) - 1] ?? "sent";
  };
  const limiter: RateLimiter = {
    acquire: async () => happened.push("acquire") > 0,
    onOutcome: (outcome) => void happened.push(outcome),
  };
  const deps = {
    gateway: { post: attempt, isOpen: async () => true },
    wait: async (ms: number) => void waitsMs.push(ms),
    random: () => 0.5,
  };
  return { deps, limiter, happened, waitsMs, attempts: () => attempts };
}

test.each<[PostOutcome[], PostOutcome, number]>([
  [["sent"], "sent", 1],
  [["gone"], "gone", 1],
  [["unknown"], "unknown", 1],
  [["slow"], "slow", 4],
  [["failed"], "failed", 4],
  [["slow", "sent"], "sent", 2],
  [["slow", "gone"], "gone", 2],
  [["failed", "slow", "failed", "sent"], "sent", 4],
  [["failed", "failed", "failed", "slow"], "slow", 4],
  // The frame may have arrived.
  [["slow", "unknown", "sent"], "unknown", 2],
])("attempts with the outcomes %j end with %s after %i", async (outcomes, outcome, attempts) => {
  const { deps, attempts: made } = gatewayOf(...outcomes);
  expect(await post(deps, "abc=", "{}")).toBe(outcome);
  expect(made()).toBe(attempts);
});

test.each([
  [0, [0, 0, 0]],
  [0.5, [100, 200, 400]],
  [0.999, [199.8, 399.6, 799.2]],
])("pauses are random (here %d) and longer each time", async (random, waitsMs) => {
  const { deps, waitsMs: waited } = gatewayOf("failed");
  await post({ ...deps, random: () => random }, "abc=", "{}");
  expect(waited.map((ms) => Math.round(ms * 10) / 10)).toEqual(waitsMs);
});

test("an exception is thrown, and not retried", async () => {
  const { deps, waitsMs } = gatewayOf();
  intercept(deps.gateway, "post", () => () => Promise.reject(new Error("403")));
  await expect(post(deps, "abc=", "{}")).rejects.toThrow("403");
  expect(waitsMs).toEqual([]);
});

describe("a rate limiter", () => {
  test("is acquired for each retry, after its pause, and not for the first attempt", async () => {
    const { deps, limiter, happened } = gatewayOf("slow", "failed", "sent");
    const wait = async () => void happened.push("wait");
    await post({ ...deps, wait }, "abc=", "1", limiter);
    const attempt = "post abc= 1";
    expect(happened).toEqual([
      attempt,
      "slow",
      "wait",
      "acquire",
      attempt,
      "failed",
      "wait",
      "acquire",
      attempt,
      "sent",
    ]);
  });

  test("that has no slot yet delays the next attempt", async () => {
    const { deps, limiter, attempts } = gatewayOf("slow", "sent");
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const asked = Promise.withResolvers<void>();
    const acquire = () => {
      asked.resolve();
      return promise;
    };
    const posted = post(deps, "abc=", "{}", { ...limiter, acquire });
    await asked.promise;
    expect(attempts()).toBe(1);
    resolve(true);
    expect(await posted).toBe("sent");
  });

  test("without a slot in time ends the post with the last outcome", async () => {
    const { deps, limiter, attempts } = gatewayOf("slow", "failed", "sent");
    const asked: (number | undefined)[] = [];
    const acquire = async (byMs?: number) => asked.push(byMs) < 2;
    expect(await post(deps, "abc=", "{}", withDeadline({ ...limiter, acquire }, 7_000))).toBe("failed");
    expect(attempts()).toBe(2);
    expect(asked).toEqual([7_000, 7_000]);
  });
});
