import fc from "fast-check";
import { expect, test } from "vitest";
import { AckingPage } from "../../support/acking-page.ts";
import { Harness } from "../../support/harness.ts";
import { openInMemoryTables } from "../../support/in-memory-tables.ts";
import { scheduledCalls } from "../../support/scheduled-calls.ts";

// Random histories of pushes, and of pages that acknowledge, lose posts, disconnect and return. fast-check decides the
// order of all calls to tables, the gateway and the queue; a seed repeats a history.

type Operation =
  | { do: "push"; to: "room" | "@all" | "@user"; twice: boolean }
  | { do: "ack" | "fill" | "drop" | "dropSilently" | "return" | "losePosts" | "heal" | "loginAgain"; reader: number };
/** A member from the start. */
interface Participant {
  reader: AckingPage;
  isAway: boolean;
}

const readers = 3;
const anyReader = fc.nat({ max: readers - 1 });
const operation: fc.Arbitrary<Operation> = fc.oneof(
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
      do: fc.constantFrom("ack", "fill", "drop", "dropSilently", "return", "losePosts", "heal", "loginAgain"),
      reader: anyReader,
    }) as fc.Arbitrary<Operation>,
  },
);
/** Scripts run concurrently. Operations of one page do not: a page does one thing at a time. */
const scripts = fc.array(fc.array(operation, { minLength: 1, maxLength: 6 }), { minLength: 2, maxLength: 4 });

/** Each history has its own tables: all connections are members of `@all`. */
async function withHarness(run: (harness: Harness) => Promise<void>): Promise<void> {
  const tables = await openInMemoryTables();
  await run(new Harness(tables.client));
  await tables.close();
}

async function play(harness: Harness, schedule: fc.Scheduler, scripts: Operation[][]) {
  const room = "456";
  const participants: Participant[] = [];
  for (let i = 0; i < readers; i += 1) {
    const reader = await AckingPage.open(harness, { subject: `reader-${i}` });
    await reader.login(room, "loginWhenever");
    participants.push({ reader, isAway: false });
  }
  const targets = { room, "@all": "@all", "@user": `@user/${participants[0]?.reader.page.subject}` };
  const accepted = { room: [] as string[], "@all": [] as string[], "@user": [] as string[] };

  harness.aroundCall = scheduledCalls(schedule);

  const busy = participants.map(() => Promise.resolve());
  /** One after the other for each page. */
  const inOrder = async (index: number, work: (participant: Participant) => Promise<void>) => {
    const participant = participants[index];
    if (!participant) return;
    const mine = (busy[index] ?? Promise.resolve()).then(() => work(participant));
    busy[index] = mine;
    await mine;
  };
  let pushes = 0;
  const run = async (script: Operation[]) => {
    for (const operation of script) {
      if (operation.do === "push") {
        pushes += 1;
        const name = `m-${pushes}`;
        const push = () => harness.push(targets[operation.to], JSON.stringify(name), { messageId: name });
        // The sender repeats the push because it got no response, or two of its servers push concurrently.
        const results = await Promise.all(operation.twice ? [push(), push()] : [push()]);
        expect(
          new Set(
            results.map((result) => ("messageId" in result ? result.records.map(({ seq }) => seq) : [])).map(String),
          ).size,
        ).toBe(1);
        accepted[operation.to].push(name);
      } else {
        await inOrder(operation.reader, (participant) => perform(harness, participant, room, operation.do));
      }
    }
  };
  await schedule.waitFor(Promise.all(scripts.map(run)));
  harness.aroundCall = (work) => work();

  // All pages return. No post is lost from here on.
  for (const participant of participants) await perform(harness, participant, room, "heal");
  for (const { isAway, reader } of participants) if (isAway) await reader.page.open();
  harness.lost.clear();
  for (let i = 0; i < 12; i += 1) {
    await harness.pass(3_000);
    for (const { reader } of participants) {
      await reader.fill();
      await reader.ack();
    }
  }
  return { room, participants, accepted };
}

async function perform(
  harness: Harness,
  participant: Participant,
  room: string,
  what: Exclude<Operation["do"], "push">,
): Promise<void> {
  const { reader } = participant;
  const { page } = reader;
  switch (what) {
    case "ack":
      return reader.ack();
    case "fill":
      await reader.fill();
      return;
    case "drop":
    case "dropSilently":
      if (participant.isAway) return;
      participant.isAway = true;
      return page.close({ isReported: what === "drop" });
    case "return":
      participant.isAway = false;
      return page.open();
    case "losePosts":
      harness.lost.add(page.connectionId);
      return;
    case "heal":
      harness.lost.delete(page.connectionId);
      return;
    case "loginAgain":
      if (!participant.isAway) await reader.login(room, "loginWhenever");
  }
}

// PROPERTY_RUNS=5000 for a longer search.
const numRuns = Number(process.env.PROPERTY_RUNS ?? 150);

test(
  "each member that stays or returns shows each accepted message exactly once, in order",
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), scripts, (schedule, scripts) =>
        withHarness(async (harness) => {
          const { room, participants, accepted } = await play(harness, schedule, scripts);
          for (const [index, { reader }] of participants.entries()) {
            const expected = {
              [room]: accepted.room,
              "@all": accepted["@all"],
              "@user": index === 0 ? accepted["@user"] : [],
            };
            for (const [roomId, names] of Object.entries(expected)) {
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
