import { describe, expect, test } from "vitest";
import { fanOutPace, partsOfRoom } from "../../../cli/estimate/architecture.ts";
import { withDefaults } from "../../../cli/estimate/arguments.ts";
import { mostConnections, reconnectSeconds } from "../../../cli/estimate/reconnect-model.ts";
import { defaults, type Question } from "../../../cli/estimate/scenario.ts";
import { simulateFanOut } from "../../../cli/estimate/simulation/fan-out.ts";
import { seeded } from "../../../cli/estimate/simulation/random.ts";
import { secondsUntil, simulateReconnect } from "../../../cli/estimate/simulation/reconnect.ts";
import { type Job, type System, systemOf } from "../../../cli/estimate/system.ts";
import { queuedSeconds } from "../../../cli/estimate/time-model.ts";
import { everyoneTime, timesOf } from "../../../cli/estimate/times.ts";

/** Within 15 %; where it is over in a second or two, within what a cold start more or less makes. */
function expectNear(formula: number, simulated: number, leastSeconds = 0.3): void {
  expect(Math.abs(formula - simulated)).toBeLessThanOrEqual(Math.max(0.15 * simulated, leastSeconds));
}

const sizes = [1e3, 1e4, 1e5, 1e6, 1e7];
const questionOf = (connections: number, more: Partial<Question> = {}) =>
  withDefaults({ connections, pushesPerMinute: 1, ...more });
/** Enough for the heartbeats of ten million. */
const heartbeats = { requestsPerSecond: 60_000 };
const raised = { requestsPerSecond: 200_000, postsPerSecond: 50_000 };

describe("one push to everyone takes as long as the simulation says", () => {
  const cases = sizes.flatMap((connections): [string, Question][] => [
    [`${connections} at qos 0`, questionOf(connections, { qos: 0, ...(connections > 1e6 && heartbeats) })],
    [`${connections} at qos 1`, questionOf(connections, connections > 1e6 ? heartbeats : {})],
    [`${connections} with raised quotas`, questionOf(connections, raised)],
  ]);

  test.each(cases)("%s", (_, question) => {
    const { seconds, simulatedSeconds = 0 } = everyoneTime(question, 1);
    expect(simulatedSeconds).toBeGreaterThan(0);
    expectNear(seconds, simulatedSeconds);
  });

  test("1.2 million at qos 1 are slower than at qos 0: their acks go over the default quota", () => {
    const [quiet, acked] = ([0, 1] as const).map((qos) => everyoneTime(questionOf(1.2e6, { qos }), 1));
    expect(acked?.seconds).toBeGreaterThan(1.1 * (quiet?.seconds ?? Infinity));
    expect(acked?.simulatedSeconds).toBeGreaterThan(1.1 * (quiet?.simulatedSeconds ?? Infinity));
    expect(acked?.why).toContain("refused");
  });

  test("to 100,000 it is as fast at qos 1 as at qos 0: by default there is room for the acks", () => {
    const [quiet, acked] = ([0, 1] as const).map((qos) => everyoneTime(questionOf(1e5, { qos })));
    expect(acked?.seconds).toBe(quiet?.seconds);
  });
});

describe("steady pushes wait for one another as long as the simulation says, on average", () => {
  const postsPerSecond = fanOutPace(defaults.postsPerSecond);
  const jobs: Job[] = sizes.map((posts) => ({ posts, tasks: partsOfRoom(posts, defaults.postsPerSecond) }));
  const cases = [0.3, 0.6].flatMap((busy) => jobs.map((job): [number, number, Job] => [job.posts, busy, job]));

  test.each(cases)("%i posts each, workers busy for %f of the time", (posts, busy, job) => {
    const system = systemOf(questionOf(posts, { qos: 0, ...heartbeats }));
    const perSecond = busy / (posts / postsPerSecond);
    const random = seeded(7);
    let at = 0;
    const pushes = Array.from({ length: 500 }, () => {
      at -= Math.log(1 - random()) / perSecond;
      return { ...job, atSeconds: at };
    });
    const tickSeconds = Math.max(0.005, posts / postsPerSecond / 200);
    const { seconds } = simulateFanOut(system, pushes, { seed: 1, tickSeconds });
    const mean = seconds.reduce((sum, one) => sum + one, 0) / seconds.length;
    expectNear(queuedSeconds(system, job, perSecond), mean, 0.1);
  });

  test("more than is let out never ends", () => {
    const system = systemOf(questionOf(1e5, { qos: 0 }));
    expect(queuedSeconds(system, { posts: 3_150, tasks: 4 }, 0.99)).toBeLessThan(Infinity);
    expect(queuedSeconds(system, { posts: 3_150, tasks: 4 }, 1.01)).toBe(Infinity);
  });
});

describe("everybody reconnects at once", () => {
  const systemWith = (connections: number, connectsPerSecond: number) =>
    systemOf(questionOf(connections, { connectsPerSecond, requestsPerSecond: 200_000 }));
  const run = (system: System, connections: number, mostSeconds = 14_400) => {
    const tickSeconds = connections < 1e5 ? 0.01 : 0.05;
    const { back, refused } = simulateReconnect(system, connections, { seed: 3, tickSeconds, mostSeconds });
    return { at: (share: number) => secondsUntil({ back, refused }, connections, share, tickSeconds), back, refused };
  };

  test.each([
    ...[1e3, 1e4, 1e5, 1e6].map((connections) => [connections, 500]),
    ...sizes.map((connections) => [connections, 10_000]),
  ])(
    "%i clients, %i new connections a second: half and 99 %% are back when the simulation says",
    (connections = 0, rate = 0) => {
      const system = systemWith(connections, rate);
      const simulated = run(system, connections);
      const [half = 0, nearly = 0, all = 0] = reconnectSeconds(system, connections, [0.5, 0.99, 1]);
      expectNear(half, simulated.at(0.5));
      expectNear(nearly, simulated.at(0.99));
      // The very last one is a matter of luck.
      expectNear(all, simulated.at(1), 5);
    },
  );

  test("no more come in than the quota and what it grants at once", () => {
    const { back } = run(systemWith(1e5, 500), 1e5);
    const most = back.map((count, tick) => count - 500 * (tick + 1) * 0.05 - 500);
    expect(Math.max(...most)).toBeLessThanOrEqual(0);
  });

  test("more than come in within two hours are never all there, in the formula and in the simulation", () => {
    const system = systemWith(1e7, 500);
    expect(mostConnections(system)).toBe(3_600_000);
    expect(reconnectSeconds(system, 1e7, [0.99])).toEqual([Infinity]);
    const { at, back } = run(system, 1e7, 9_000);
    expect(at(0.99)).toBe(Infinity);
    expect(back.reduce((most, count) => Math.max(most, count))).toBeLessThanOrEqual(3_600_500);
  });

  test("the same seed gives the same run", () => {
    const system = systemWith(1e4, 500);
    expect(run(system, 1e4).back).toEqual(run(system, 1e4).back);
  });
});

test("a small room is posted to at once, a large one goes through the queue", () => {
  const [small] = timesOf(questionOf(250, { rooms: 1 }));
  const [large] = timesOf(questionOf(251, { rooms: 1 }));
  expect(small?.why).toContain("push Lambda");
  expect(large?.why).toContain("queue");
});

test("where heartbeats alone use up the quota nothing is promised", () => {
  const times = timesOf(questionOf(1e7), 1);
  expect(times.map(({ seconds }) => seconds)).toEqual(times.map(() => Infinity));
  expect(times[1]?.why).toMatch(
    /^heartbeats, reconnects and small pushes alone make [34]\d,\d+ requests a second of 10,000/,
  );
});

test("a push that is over before the burst is used up is refused nothing, however fast it goes", () => {
  const { why } = everyoneTime(questionOf(1_000, { postsPerSecond: 1_000_000 }));
  expect(why).toBe("900,000 posts a second, 1000 workers");
});

test("everyone is posted to by the push Lambda while they are few", () => {
  const whyOf = (connections: number) => everyoneTime(questionOf(connections)).why;
  expect(whyOf(250)).toContain("push Lambda");
  expect(whyOf(251)).toContain("workers");
});

test("a push to more than a task's rounds can reach is not promised", () => {
  const mostIn15Rounds = 15 * 22 * 3_150;
  const of = (connections: number) => everyoneTime(questionOf(connections, { qos: 0, ...heartbeats }));
  expect(of(0.9 * 10 * mostIn15Rounds).seconds).toBeLessThan(Infinity);
  expect(of(1.1 * 10 * mostIn15Rounds)).toMatchObject({
    seconds: Infinity,
    why: expect.stringContaining("put aside"),
  });
});
