import fc from "fast-check";
import { expect, test } from "vitest";
import { AckingPage } from "../../support/acking-page.ts";
import { Harness } from "../../support/harness.ts";
import { openInMemoryTables } from "../../support/in-memory-tables.ts";
import { scheduledCalls } from "../../support/scheduled-calls.ts";

// Random histories of pushes and of readers who ack, lose posts, drop and come back. Every call to a table, the
// gateway and the queue waits for its turn, which fast-check gives; a seed plays it again.

type Step =
  | { do: "push"; to: "room" | "@all" | "@user"; twice: boolean }
  | { do: "ack" | "fill" | "drop" | "dropUntold" | "comeBack" | "losePosts" | "heal" | "loginAgain"; reader: number };
/** One who is in from the start. */
interface Watched {
  reader: AckingPage;
  isAway: boolean;
}

const readers = 3;
const anyReader = fc.nat({ max: readers - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("push" as const),
      to: fc.constantFrom("room" as const, "room" as const, "@all" as const, "@user" as const),
      twice: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom("ack", "fill", "drop", "dropUntold", "comeBack", "losePosts", "heal", "loginAgain"),
      reader: anyReader,
    }) as fc.Arbitrary<Step>,
  },
);
/** Several scripts run side by side. Two steps of one reader never do: a page does one thing at a time. */
const scripts = fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { minLength: 2, maxLength: 4 });

/** Tables of its own for each history: everyone is in one room. */
async function withWorld(run: (harness: Harness) => Promise<void>): Promise<void> {
  const tables = await openInMemoryTables();
  await run(new Harness(tables.client));
  await tables.close();
}

async function play(harness: Harness, schedule: fc.Scheduler, scripts: Step[][]) {
  const room = "456";
  const people: Watched[] = [];
  for (let i = 0; i < readers; i += 1) {
    const reader = await AckingPage.open(harness, { subject: `reader-${i}` });
    await reader.login(room, "loginWhenever");
    people.push({ reader, isAway: false });
  }
  const targets = { room, "@all": "@all", "@user": `@user/${people[0]?.reader.page.subject}` };
  const accepted = { room: [] as string[], "@all": [] as string[], "@user": [] as string[] };

  const busy = people.map(() => Promise.resolve());
  /** One after the other for each reader. */
  const inLine = async (index: number, work: (who: Watched) => Promise<void>) => {
    const who = people[index];
    if (!who) return;
    const mine = (busy[index] ?? Promise.resolve()).then(() => work(who));
    busy[index] = mine;
    await mine;
  };
  let pushes = 0;
  const run = async (script: Step[]) => {
    for (const step of script) {
      if (step.do === "push") {
        pushes += 1;
        const name = `m-${pushes}`;
        const push = () => harness.push(targets[step.to], JSON.stringify(name), { messageId: name });
        // The sender heard nothing and repeats, or two of its machines send at once.
        const answers = await Promise.all(step.twice ? [push(), push()] : [push()]);
        expect(
          new Set(answers.map((a) => ("messageId" in a ? a.records.map(({ seq }) => seq) : [])).map(String)).size,
        ).toBe(1);
        accepted[step.to].push(name);
      } else {
        await inLine(step.reader, (who) => perform(harness, who, room, step.do));
      }
    }
  };
  await harness.withAroundCall(scheduledCalls(schedule), () => schedule.waitFor(Promise.all(scripts.map(run))));

  // Everybody comes back, nothing is lost any more, and time passes.
  for (const who of people) await perform(harness, who, room, "heal");
  for (const who of people) if (who.isAway) await who.reader.page.open();
  harness.lost.clear();
  for (let hop = 0; hop < 12; hop += 1) {
    await harness.pass(3_000);
    for (const { reader } of people) {
      await reader.fill();
      await reader.ack();
    }
  }
  return { room, people, accepted };
}

async function perform(harness: Harness, who: Watched, room: string, what: Exclude<Step["do"], "push">): Promise<void> {
  const { reader } = who;
  const { page } = reader;
  switch (what) {
    case "ack":
      return reader.ack();
    case "fill":
      await reader.fill();
      return;
    case "drop":
    case "dropUntold":
      if (who.isAway) return;
      who.isAway = true;
      return page.close({ isReported: what === "drop" });
    case "comeBack":
      who.isAway = false;
      return page.open();
    case "losePosts":
      harness.lost.add(page.connectionId);
      return;
    case "heal":
      harness.lost.delete(page.connectionId);
      return;
    case "loginAgain":
      if (!who.isAway) await reader.login(room, "loginWhenever");
  }
}

// PROPERTY_RUNS=5000 for a longer search.
const numRuns = Number(process.env.PROPERTY_RUNS ?? 150);

test(
  "whoever stays or comes back has each accepted message exactly once, in order",
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), scripts, (schedule, scripts) =>
        withWorld(async (harness) => {
          const { room, people, accepted } = await play(harness, schedule, scripts);
          for (const [index, { reader }] of people.entries()) {
            const wanted = {
              [room]: accepted.room,
              "@all": accepted["@all"],
              "@user": index === 0 ? accepted["@user"] : [],
            };
            for (const [roomId, names] of Object.entries(wanted)) {
              const seen = reader.seen.filter((each) => each.roomId === roomId);
              expect(seen.map(({ data }) => data).sort()).toEqual([...names].sort());
              const seqs = seen.map(({ seq }) => seq);
              expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
            }
            expect(reader.resets).toEqual([]);
            expect(reader.refusals).toEqual([]);
          }
        }),
      ),
      { numRuns, verbose: 1 },
    );
  },
  numRuns * 2_000,
);
