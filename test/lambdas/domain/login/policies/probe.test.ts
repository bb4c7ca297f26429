import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { isLive } from "../../../../../lambdas/domain/login/policies/probe.ts";
import { here } from "../../../../../lambdas/domain/membership/connection.ts";
import { type Harness, openHarness, type Page } from "../../../../support/harness.ts";

let harness: Harness & { end(): Promise<void> };
beforeAll(async () => {
  harness = await openHarness();
});
afterAll(() => harness.end());

let ann: Page;
beforeEach(async () => {
  ann = await harness.connect();
});

const probesOf = (page: Page) => page.inbox.filter(({ type }) => type === "probe");

describe("somebody who answers probes", () => {
  test("is live when an answer comes, and was asked once", async () => {
    expect(await isLive(harness.deps, ann.connectionId)).toBe(true);
    expect(probesOf(ann)).toHaveLength(1);
  });

  test("is asked anew each time: yesterday's answer proves nothing", async () => {
    expect(await isLive(harness.deps, ann.connectionId)).toBe(true);
    ann.goStale();
    expect(await isLive(harness.deps, ann.connectionId)).toBe(false);
  });

  test("is gone when no answer has come after two seconds", async () => {
    ann.goStale();
    const from = harness.nowMs;
    expect(await isLive(harness.deps, ann.connectionId)).toBe(false);
    expect(harness.nowMs - from).toBe(2_000);
  });

  test("is live when the answer comes in the last moment", async () => {
    ann.goStale();
    const until = harness.nowMs + 2_000;
    const wait = async (ms: number) => {
      harness.nowMs += ms;
      if (harness.nowMs === until) await here(harness.deps, ann.caller, { action: "here", nonce: "late" });
    };
    expect(await isLive({ ...harness.deps, wait }, ann.connectionId)).toBe(true);
  });

  test("answers all who ask at the same time with one answer", async () => {
    const asks = Array.from({ length: 4 }, () => isLive(harness.deps, ann.connectionId));
    expect(await Promise.all(asks)).toEqual([true, true, true, true]);
  });

  test("is gone at once when the connection's end is told while it is asked", async () => {
    ann.goStale();
    const from = harness.nowMs;
    const wait = async (ms: number) => {
      harness.nowMs += ms;
      await ann.close();
    };
    expect(await isLive({ ...harness.deps, wait }, ann.connectionId)).toBe(false);
    expect(harness.nowMs - from).toBeLessThan(100);
  });

  test("is asked a second time after one: a probe can be lost", async () => {
    const { post } = harness.deps.gateway;
    let posts = 0;
    const losingTheFirst = async (...probe: Parameters<typeof post>) => {
      posts += 1;
      return posts === 1 ? "sent" : post(...probe);
    };
    const from = harness.nowMs;
    expect(
      await isLive({ ...harness.deps, gateway: { ...harness.deps.gateway, post: losingTheFirst } }, ann.connectionId),
    ).toBe(true);
    expect([posts, probesOf(ann).length]).toEqual([2, 1]);
    expect(harness.nowMs - from).toBeLessThan(2_000);
  });

  test("is gone at once when the probe cannot be posted and the connection is not open any more", async () => {
    const { gateway } = harness.deps;
    const isOpen = [true, false];
    const closing = { ...gateway, post: async () => "gone" as const, isOpen: async () => isOpen.shift() ?? false };
    const from = harness.nowMs;
    expect(await isLive({ ...harness.deps, gateway: closing }, ann.connectionId)).toBe(false);
    expect(harness.nowMs).toBe(from);
  });

  test("is live when the answer comes to a probe that was said to be gone: a 410 may be wrong", async () => {
    harness.outcomes.set(ann.connectionId, "gone");
    const wait = async (ms: number) => {
      harness.nowMs += ms;
      await here(harness.deps, ann.caller, { action: "here", nonce: "arrived all the same" });
    };
    expect(await isLive({ ...harness.deps, wait }, ann.connectionId)).toBe(true);
  });

  test.each(["slow", "failed", "unknown"] as const)("is waited for when the probe's post ended %s", async (outcome) => {
    harness.outcomes.set(ann.connectionId, outcome);
    const wait = async (ms: number) => {
      harness.nowMs += ms;
      await here(harness.deps, ann.caller, { action: "here", nonce: "came all the same" });
    };
    expect(await isLive({ ...harness.deps, wait }, ann.connectionId)).toBe(true);
  });
});

describe("somebody who answers no probes", () => {
  test("is live as long as API Gateway says so, and is sent nothing", async () => {
    const old = await harness.connect({ probe: false });
    old.goStale();
    expect(await isLive(harness.deps, old.connectionId)).toBe(true);
    expect(old.inbox).toEqual([]);
    await old.close({ isReported: false });
    expect(await isLive(harness.deps, old.connectionId)).toBe(false);
  });
});

describe("a connection without a row", () => {
  test("is gone, whatever API Gateway says of it", async () => {
    harness.pages.set("stranger", ann);
    expect(await isLive(harness.deps, "stranger")).toBe(false);
  });

  test("is one whose row is past its time", async () => {
    const from = harness.nowMs;
    harness.nowMs += 130 * 60_000 + 1_000;
    expect(await isLive(harness.deps, ann.connectionId)).toBe(false);
    harness.nowMs = from;
  });
});
