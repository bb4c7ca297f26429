import fc from "fast-check";
import { expect, test } from "vitest";
import { AckingPage } from "../../../support/acking-page.ts";
import { Harness } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { scheduledCalls } from "../../../support/scheduled-calls.ts";

// Random histories of people who come, go and may stay away, of pushes, and of the looks that time brings. Every call to
// a table, the gateway and the queue waits for its turn, which fast-check gives; a seed plays it again.

type Step =
  | { do: "push" }
  | { do: "time"; ms: number }
  | { do: "ack" | "fill" | "drop" | "dropUntold" | "comeBack" | "newPage" | "losePosts" | "leave"; person: number };

/** One person with one page at a time, and when they were in, by counted moments. */
interface Devices {
  reader: AckingPage;
  isAway: boolean;
  hasLeft: boolean;
  inSince: number;
  stays: { from: number; to: number }[];
  pages: AckingPage[];
}

const bySubject = 3;
const room = "456";
const person = fc.nat({ max: bySubject - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Step>({ do: "push" }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("time" as const), ms: fc.integer({ min: 1_000, max: 45_000 }) }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constantFrom(
        ...(["ack", "fill", "drop", "drop", "dropUntold", "comeBack", "newPage", "losePosts", "leave"] as const),
      ),
      person,
    }) as fc.Arbitrary<Step>,
  },
);
/** Several scripts run side by side. Two steps of one person never do: a page does one thing at a time. */
const scripts = fc.array(fc.array(step, { minLength: 1, maxLength: 7 }), { minLength: 2, maxLength: 4 });

async function play(harness: Harness, schedule: fc.Scheduler, scripts: Step[][]) {
  let moment = 0;
  const tick = () => {
    moment += 1;
    return moment;
  };
  const people: Devices[] = [];
  for (let i = 0; i < bySubject; i += 1) {
    const reader = await AckingPage.open(harness, { subject: `person-${i}` });
    await reader.login(room, "loginWhenever");
    people.push({ reader, isAway: false, hasLeft: false, inSince: tick(), stays: [], pages: [reader] });
  }
  await harness.pass(31_000);

  const busy = people.map(() => Promise.resolve());
  let time = Promise.resolve();
  const pushed: { seq: number; askedAt: number; answeredAt: number }[] = [];
  const run = async (script: Step[]) => {
    for (const step of script) {
      if (step.do === "push") {
        const askedAt = tick();
        const answer = await harness.push(room);
        if ("code" in answer) throw new Error(answer.msg);
        pushed.push({ seq: answer.records[0]?.seq ?? 0, askedAt, answeredAt: tick() });
      } else if (step.do === "time") {
        time = time.then(() => harness.pass(step.ms));
        await time;
      } else {
        const who = people[step.person] as Devices;
        const mine = (busy[step.person] ?? Promise.resolve()).then(() => perform(harness, who, step.do, tick));
        busy[step.person] = mine;
        await mine;
      }
    }
  };
  await harness.withAroundCall(scheduledCalls(schedule), () => schedule.waitFor(Promise.all(scripts.map(run))));

  // Who is away stays away; nothing is lost any more, and time passes.
  harness.lost.clear();
  for (let hop = 0; hop < 12; hop += 1) {
    await harness.pass(3_000);
    for (const { reader } of people) {
      await reader.fill();
      await reader.ack();
    }
  }
  await harness.pass(600_000);
  for (const who of people) if (!who.isAway && !who.hasLeft) who.stays.push({ from: who.inSince, to: tick() });
  return { people, pushed };
}

async function perform(harness: Harness, who: Devices, what: string, tick: () => number): Promise<void> {
  const { reader } = who;
  const end = () => {
    who.isAway = true;
    if (!who.hasLeft) who.stays.push({ from: who.inSince, to: tick() });
  };
  switch (what) {
    case "ack":
      return reader.ack();
    case "fill":
      await reader.fill();
      return;
    case "drop":
    case "dropUntold":
      if (who.isAway) return;
      end();
      return reader.page.close({ isReported: what === "drop" });
    case "comeBack":
      if (!who.isAway) return;
      await reader.page.open();
      who.isAway = false;
      who.inSince = tick();
      return;
    case "newPage": {
      if (!who.isAway || who.hasLeft) return;
      const fresh = await AckingPage.open(harness, { subject: reader.page.subject });
      await fresh.login(room, "loginWhenever");
      who.pages.push(fresh);
      who.reader = fresh;
      who.isAway = false;
      who.inSince = tick();
      return;
    }
    case "losePosts":
      harness.lost.add(reader.page.connectionId);
      return;
    case "leave":
      if (who.isAway || who.hasLeft) return;
      who.hasLeft = true;
      await reader.page.leave(room);
  }
}

// PROPERTY_RUNS=5000 for a longer search.
const numRuns = Number(process.env.PROPERTY_RUNS ?? 150);

test(
  "whoever was in when a message was accepted has it on one of their pages, or is reported, or has left",
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), scripts, async (schedule, scripts) => {
        const tables = await openInMemoryTables();
        const harness = new Harness(tables.client);
        const { people, pushed } = await play(harness, schedule, scripts);
        const reported = harness.undelivered.map(({ subject, seq }) => `${seq} to ${subject}`);
        for (const { reader, hasLeft, stays, pages } of people) {
          if (hasLeft) continue;
          const { subject } = reader.page;
          for (const { seq, askedAt, answeredAt } of pushed) {
            const wasIn = stays.some(({ from, to }) => from < askedAt && answeredAt < to);
            const isHeard = pages.some(({ seen }) => seen.some((each) => each.seq === seq && each.roomId === room));
            if (wasIn && !isHeard) expect(reported).toContain(`${seq} to ${subject}`);
          }
        }
        // Once, unless they went in the very moment in which a look gave them up.
        for (const one of reported) expect(reported.filter((each) => each === one).length).toBeLessThanOrEqual(2);
        expect(harness.checks).toEqual([]);
        await tables.close();
      }),
      { numRuns, verbose: 1 },
    );
  },
  numRuns * 2_000,
);
