import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { isLive } from "../../../../../lambdas/domain/login/policies/probe.ts";
import { here } from "../../../../../lambdas/domain/membership/connection.ts";
import { openWorld, type Page, type World } from "../../../../support/world.ts";

let world: World & { end(): Promise<void> };
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.end());

let ann: Page;
beforeEach(async () => {
  ann = await world.connect();
});

const probesOf = (page: Page) => page.inbox.filter(({ type }) => type === "probe");

describe("somebody who answers probes", () => {
  test("is live when an answer comes, and was asked once", async () => {
    expect(await isLive(world.deps, ann.connectionId)).toBe(true);
    expect(probesOf(ann)).toHaveLength(1);
  });

  test("is asked anew each time: yesterday's answer proves nothing", async () => {
    expect(await isLive(world.deps, ann.connectionId)).toBe(true);
    ann.goSilent();
    expect(await isLive(world.deps, ann.connectionId)).toBe(false);
  });

  test("is gone when no answer has come after two seconds", async () => {
    ann.goSilent();
    const from = world.nowMs;
    expect(await isLive(world.deps, ann.connectionId)).toBe(false);
    expect(world.nowMs - from).toBe(2_000);
  });

  test("is live when the answer comes in the last moment", async () => {
    ann.goSilent();
    const until = world.nowMs + 2_000;
    const wait = async (ms: number) => {
      world.nowMs += ms;
      if (world.nowMs === until) await here(world.deps, ann.caller, { action: "here", nonce: "late" });
    };
    expect(await isLive({ ...world.deps, wait }, ann.connectionId)).toBe(true);
  });

  test("answers all who ask at the same time with one answer", async () => {
    const asks = Array.from({ length: 4 }, () => isLive(world.deps, ann.connectionId));
    expect(await Promise.all(asks)).toEqual([true, true, true, true]);
  });

  test("is gone at once when the connection's end is told while it is asked", async () => {
    ann.goSilent();
    const from = world.nowMs;
    const wait = async (ms: number) => {
      world.nowMs += ms;
      await ann.close();
    };
    expect(await isLive({ ...world.deps, wait }, ann.connectionId)).toBe(false);
    expect(world.nowMs - from).toBeLessThan(100);
  });

  test("is asked a second time after one: a probe can be lost", async () => {
    const { post } = world.deps.gateway;
    let posts = 0;
    const losingTheFirst = async (...probe: Parameters<typeof post>) => {
      posts += 1;
      return posts === 1 ? "sent" : post(...probe);
    };
    const from = world.nowMs;
    expect(
      await isLive({ ...world.deps, gateway: { ...world.deps.gateway, post: losingTheFirst } }, ann.connectionId),
    ).toBe(true);
    expect([posts, probesOf(ann).length]).toEqual([2, 1]);
    expect(world.nowMs - from).toBeLessThan(2_000);
  });

  test("is gone at once when the probe cannot be posted and the connection is not open any more", async () => {
    const { gateway } = world.deps;
    const isOpen = [true, false];
    const closing = { ...gateway, post: async () => "gone" as const, isOpen: async () => isOpen.shift() ?? false };
    const from = world.nowMs;
    expect(await isLive({ ...world.deps, gateway: closing }, ann.connectionId)).toBe(false);
    expect(world.nowMs).toBe(from);
  });

  test("is live when the answer comes to a probe that was said to be gone: a 410 may be wrong", async () => {
    world.outcomes.set(ann.connectionId, "gone");
    const wait = async (ms: number) => {
      world.nowMs += ms;
      await here(world.deps, ann.caller, { action: "here", nonce: "arrived all the same" });
    };
    expect(await isLive({ ...world.deps, wait }, ann.connectionId)).toBe(true);
  });

  test.each(["slow", "failed", "unknown"] as const)("is waited for when the probe's post ended %s", async (outcome) => {
    world.outcomes.set(ann.connectionId, outcome);
    const wait = async (ms: number) => {
      world.nowMs += ms;
      await here(world.deps, ann.caller, { action: "here", nonce: "came all the same" });
    };
    expect(await isLive({ ...world.deps, wait }, ann.connectionId)).toBe(true);
  });
});

describe("somebody who answers no probes", () => {
  test("is live as long as API Gateway says so, and is sent nothing", async () => {
    const old = await world.connect({ probe: false });
    old.goSilent();
    expect(await isLive(world.deps, old.connectionId)).toBe(true);
    expect(old.inbox).toEqual([]);
    await old.close({ tells: false });
    expect(await isLive(world.deps, old.connectionId)).toBe(false);
  });
});

describe("a connection without a row", () => {
  test("is gone, whatever API Gateway says of it", async () => {
    world.pages.set("stranger", ann);
    expect(await isLive(world.deps, "stranger")).toBe(false);
  });

  test("is one whose row is past its time", async () => {
    const from = world.nowMs;
    world.nowMs += 130 * 60_000 + 1_000;
    expect(await isLive(world.deps, ann.connectionId)).toBe(false);
    world.nowMs = from;
  });
});
