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

describe("a client that answers probes", () => {
  test("is live when it answers, and is probed once", async () => {
    expect(await isLive(harness.deps, ann.caller)).toBe(true);
    expect(probesOf(ann)).toHaveLength(1);
  });

  test("is probed each time: an earlier answer proves nothing", async () => {
    expect(await isLive(harness.deps, ann.caller)).toBe(true);
    ann.goStale();
    expect(await isLive(harness.deps, ann.caller)).toBe(false);
  });

  test("is gone without an answer for two seconds", async () => {
    ann.goStale();
    const from = harness.nowMs;
    expect(await isLive(harness.deps, ann.caller)).toBe(false);
    expect(harness.nowMs - from).toBe(2_000);
  });

  test("is live when it answers at the last moment", async () => {
    ann.goStale();
    const until = harness.nowMs + 2_000;
    const wait = async (ms: number) => {
      harness.nowMs += ms;
      if (harness.nowMs === until) await here(harness.deps, ann.caller, { action: "here", nonce: "late" });
    };
    expect(await isLive({ ...harness.deps, wait }, ann.caller)).toBe(true);
  });

  test("answers all concurrent probes with one answer", async () => {
    const checks = Array.from({ length: 4 }, () => isLive(harness.deps, ann.caller));
    expect(await Promise.all(checks)).toEqual([true, true, true, true]);
  });

  test("is gone at once when its connection ends during the probe", async () => {
    ann.goStale();
    const from = harness.nowMs;
    const wait = async (ms: number) => {
      harness.nowMs += ms;
      await ann.close();
    };
    expect(await isLive({ ...harness.deps, wait }, ann.caller)).toBe(false);
    expect(harness.nowMs - from).toBeLessThan(100);
  });

  test("is probed again after a second, because a probe can be lost", async () => {
    const { post } = harness.deps.gateway;
    let posts = 0;
    const losingTheFirst = async (...probe: Parameters<typeof post>) => {
      posts += 1;
      return posts === 1 ? "sent" : post(...probe);
    };
    const from = harness.nowMs;
    expect(
      await isLive({ ...harness.deps, gateway: { ...harness.deps.gateway, post: losingTheFirst } }, ann.caller),
    ).toBe(true);
    expect([posts, probesOf(ann).length]).toEqual([2, 1]);
    expect(harness.nowMs - from).toBeLessThan(2_000);
  });

  test("is gone at once when the probe is answered 410 and the connection is no longer open", async () => {
    const { gateway } = harness.deps;
    const isOpen = [true, false];
    const closing = { ...gateway, post: async () => "gone" as const, isOpen: async () => isOpen.shift() ?? false };
    const from = harness.nowMs;
    expect(await isLive({ ...harness.deps, gateway: closing }, ann.caller)).toBe(false);
    expect(harness.nowMs).toBe(from);
  });

  test("is live when it answers a probe that got a 410, which may be wrong", async () => {
    harness.outcomes.set(ann.connectionId, "gone");
    const wait = async (ms: number) => {
      harness.nowMs += ms;
      await here(harness.deps, ann.caller, { action: "here", nonce: "arrived all the same" });
    };
    expect(await isLive({ ...harness.deps, wait }, ann.caller)).toBe(true);
  });

  test.each(["slow", "failed", "unknown"] as const)(
    "has its time to answer when the probe's post ended %s",
    async (outcome) => {
      harness.outcomes.set(ann.connectionId, outcome);
      const wait = async (ms: number) => {
        harness.nowMs += ms;
        await here(harness.deps, ann.caller, { action: "here", nonce: "came all the same" });
      };
      expect(await isLive({ ...harness.deps, wait }, ann.caller)).toBe(true);
    },
  );
});

describe("a client that answers no probes", () => {
  test("is live as long as API Gateway reports it as open, and gets no probe", async () => {
    const old = await harness.connect({ probe: false });
    old.goStale();
    expect(await isLive(harness.deps, old.caller)).toBe(true);
    expect(old.inbox).toEqual([]);
    await old.close({ isReported: false });
    expect(await isLive(harness.deps, old.caller)).toBe(false);
  });
});

describe("a connection without a row", () => {
  test("is gone, even if API Gateway reports it as open", async () => {
    harness.pages.set("stranger", ann);
    expect(await isLive(harness.deps, { connectionId: "stranger", transport: "websocket" })).toBe(false);
  });

  test("has a row that has expired", async () => {
    const from = harness.nowMs;
    harness.nowMs += 130 * 60_000 + 1_000;
    expect(await isLive(harness.deps, ann.caller)).toBe(false);
    harness.nowMs = from;
  });
});
