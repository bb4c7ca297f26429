import { describe, expect, onTestFinished, test, vi } from "vitest";
import { PollingServer, pollingPage } from "./support/polling-server.ts";

describe("polls that fail", () => {
  test.each([[500], [429], ["network"], ["timeout"]] as const)(
    "are repeated after a backoff, and no message is lost: %s",
    async (failure) => {
      const { server, received } = await pollingPage();
      server.failures.push(failure, failure);
      server.log("456", 2);
      const before = server.polls.length;
      await server.advance(30_000);
      expect(received).toEqual([1, 2]);
      const [first, second, third] = server.polls.slice(before).map(({ atMs }) => atMs);
      expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(1_000);
      expect((third ?? 0) - (second ?? 0)).toBeGreaterThan((second ?? 0) - (first ?? 0));
    },
  );

  test("repeatedly alternate with attempts to open a WebSocket", async () => {
    const { server, received } = await pollingPage();
    server.failures.push(...Array(400).fill(401));
    server.log("456", 2);
    const [polls, connections] = [server.polls.length, server.connections.length];
    await server.advance(120_000);
    expect(server.polls.length - polls).toBeGreaterThan(4);
    expect(server.polls.length - polls).toBeLessThan(40);
    expect(server.connections.length - connections).toBeGreaterThan(2);
    server.failures.length = 0;
    await server.advance(60_000);
    expect(received).toEqual([1, 2]);
  });
});

describe("an idle page", () => {
  /** Number of polls in some hours without messages. */
  const pollsIn = async (hours: number, retryUpToMs: number | undefined) => {
    const { server, handle } = await pollingPage();
    server.retryUpToMs = retryUpToMs;
    const before = server.polls.length;
    await server.advance(hours * 3_600_000);
    const polls = server.polls.length - before;
    return { server, handle, polls };
  };

  test("polls 150 times in its first hour and 120 times in every other one, not 1,200 times", async () => {
    const { server, polls } = await pollsIn(1, 30_000);
    expect(polls).toBeGreaterThan(120);
    expect(polls).toBeLessThanOrEqual(150);
    const before = server.polls.length;
    await server.advance(3_600_000);
    expect(server.polls.length - before).toBeLessThanOrEqual(120);
    expect((await pollsIn(1, undefined)).polls).toBeGreaterThan(1_000);
  });

  test("never waits so long that two failing polls could end its lease of 90 s", async () => {
    const { server } = await pollsIn(1, 30_000);
    const times = server.polls.map(({ atMs }) => atMs);
    const intervals = times.slice(1).map((atMs, at) => atMs - (times[at] ?? 0));
    expect(Math.max(...intervals)).toBeLessThanOrEqual(35_000);
  });

  test("waits a tenth of its idle time: at most 3 s in the first half minute", async () => {
    const { server } = await pollingPage();
    server.retryUpToMs = 30_000;
    server.log("456", 2);
    await server.advance(4_000);
    const before = server.polls.length;
    await server.advance(30_000);
    expect(server.polls.length - before).toBeGreaterThanOrEqual(9);
  });

  test.each<[string, (server: PollingServer, handle: ReturnType<PollingServer["page"]>["handle"]) => Promise<unknown>]>(
    [
      ["a message arrives", async (server) => void server.log("456", "news")],
      ["it logs in", (_, handle) => handle.loginRoom("457")],
      ["it leaves", (_, handle) => handle.leaveRoom("457")],
    ],
  )("returns to short intervals when %s", async (_, happen) => {
    const { server, handle } = await pollsIn(1, 30_000);
    await happen(server, handle);
    await server.advance(35_000);
    const before = server.polls.length;
    await server.advance(10_000);
    expect(server.polls.length - before).toBeGreaterThanOrEqual(3);
  });

  test("returns to short intervals when a WebSocket brought a message in between", async () => {
    const { server, handle } = await pollsIn(1, 30_000);
    server.isDown = false;
    await server.advance(120_000);
    expect(server.last.isOpen).toBe(true);
    await server.last.deliver(server.log("456", "by WebSocket"));
    server.isDown = true;
    server.last.drop();
    await server.advance(8_000);
    const before = server.polls.length;
    await server.advance(10_000);
    expect(server.polls.length - before).toBeGreaterThanOrEqual(3);
    handle.close();
  });

  test("polls immediately when its network comes back", async () => {
    const network = new EventTarget();
    vi.stubGlobal("window", network);
    onTestFinished(() => void vi.unstubAllGlobals());
    const { server, received } = await pollingPage();
    server.retryUpToMs = 30_000;
    await server.advance(3_600_000);
    server.log("456", "meanwhile");
    network.dispatchEvent(new Event("online"));
    await server.advance(250);
    expect(received.at(-1)).toBe("meanwhile");
  });
});

describe("pages that fail at the same time", () => {
  /** Time between a poll that fails and the next one. */
  const backoffAfter = async (failure: PollingServer["failures"][number], random: number) => {
    const { server } = await pollingPage({ random: () => random });
    await server.advance(3_000);
    server.failures.push(failure);
    const before = server.polls.length;
    await server.advance(40_000);
    const [failed, next] = server.polls.slice(before).map(({ atMs }) => atMs);
    return (next ?? Number.NaN) - (failed ?? Number.NaN);
  };

  test.each<[string, PollingServer["failures"][number], [number, number]]>([
    ["an error", 500, [1_100, 1_900]],
    ["a Retry-After of 20 s", { status: 429, retryAfter: "20" }, [21_000, 29_000]],
  ])("poll again at different times after %s", async (_, failure, backoffsMs) => {
    expect([await backoffAfter(failure, 0.1), await backoffAfter(failure, 0.9)]).toEqual(backoffsMs);
  });
});

test("a page polls although the clock is set back by a day during its backoff", async () => {
  const { server, handle } = await pollingPage();
  server.failures.push({ status: 429, retryAfter: "20" });
  await server.advance(3_000);
  const polls = server.polls.length;
  server.clock.set(server.clock.now() - 86_400_000);
  const login = handle.loginRoom("457").catch(({ code }) => code);
  await server.advance(1_000);
  expect(await login).toMatchObject({ code: "2002" });
  expect(server.polls.length).toBeGreaterThan(polls);
});

describe("pages that lose their server at the same time", () => {
  test("start to poll over several seconds", async () => {
    const seeded = (seed: number) => () => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const starts: number[] = [];
    for (let seed = 1; seed <= 40; seed += 1) {
      const server = new PollingServer();
      server.isDown = true;
      const { handle } = server.page({ random: seeded(seed * 7_919) });
      const began = server.clock.now();
      handle.connect().catch(() => {});
      for (let ms = 0; server.polls.length === 0 && ms < 20_000; ms += 250) await server.advance(250);
      starts.push((server.polls[0]?.atMs ?? Number.NaN) - began);
      handle.close();
    }
    const perSecond = new Map<number, number>();
    for (const ms of starts) perSecond.set(Math.floor(ms / 1_000), (perSecond.get(Math.floor(ms / 1_000)) ?? 0) + 1);
    expect(Math.max(...perSecond.values())).toBeLessThanOrEqual(16);
    expect(Math.max(...starts) - Math.min(...starts)).toBeGreaterThan(4_000);
  });

  test.each([429, 503])(
    "poll at growing intervals while the response is %s, also across attempts to open a WebSocket",
    async (status) => {
      const server = new PollingServer();
      server.isDown = true;
      server.failures.push(...Array(2_000).fill(status));
      const { handle } = server.page();
      handle.connect().catch(() => {});
      await server.advance(120_000);
      const before = server.polls.length;
      await server.advance(600_000);
      // The interval is then 15 to 30 s.
      expect(server.polls.length - before).toBeLessThanOrEqual(40);
      expect(server.polls.length - before).toBeGreaterThan(10);
      server.failures.length = 0;
      const login = handle.loginRoom("456").catch(({ code }) => code);
      await server.advance(90_000);
      expect(await login).toBeDefined();
      expect(server.lastPollOf("@all")).toBeDefined();
    },
  );

  test("wait for Retry-After, also across an attempt to open a WebSocket", async () => {
    const { server } = await pollingPage();
    server.failures.push({ status: 429, retryAfter: "100" });
    await server.advance(3_000);
    const [refusedAt, polls] = [server.polls.at(-1)?.atMs ?? 0, server.polls.length];
    await server.advance(200_000);
    expect((server.polls[polls]?.atMs ?? 0) - refusedAt).toBeGreaterThanOrEqual(100_000);
    expect((server.polls[polls]?.atMs ?? 0) - refusedAt).toBeLessThan(190_000);
  });
});
