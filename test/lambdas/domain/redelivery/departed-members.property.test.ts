import fc from "fast-check";
import { expect, test } from "vitest";
import { AckingPage } from "../../../support/acking-page.ts";
import { Harness } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { scheduledCalls } from "../../../support/scheduled-calls.ts";

// Random histories of users that depart and may return, of pushes, and of ack checks. fast-check decides the order of all
// calls to tables, the gateway and the queue; a seed repeats a history.

type Operation =
  | { do: "push" }
  | { do: "time"; ms: number }
  | { do: "ack" | "fill" | "drop" | "dropSilently" | "return" | "newPage" | "losePosts" | "leave"; user: number };

/** A user with one page at a time, and when the user was a member: by the number of recorded events. */
interface User {
  reader: AckingPage;
  isAway: boolean;
  hasLeft: boolean;
  memberSince: number;
  memberships: { from: number; to: number }[];
  pages: AckingPage[];
}

const userCount = 3;
const room = "456";
const user = fc.nat({ max: userCount - 1 });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Operation>({ do: "push" }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("time" as const), ms: fc.integer({ min: 1_000, max: 45_000 }) }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constantFrom(
        ...(["ack", "fill", "drop", "drop", "dropSilently", "return", "newPage", "losePosts", "leave"] as const),
      ),
      user,
    }) as fc.Arbitrary<Operation>,
  },
);
/** Scripts run concurrently. Operations of one user do not: a page does one thing at a time. */
const scripts = fc.array(fc.array(operation, { minLength: 1, maxLength: 7 }), { minLength: 2, maxLength: 4 });

async function play(harness: Harness, schedule: fc.Scheduler, scripts: Operation[][]) {
  let time = 0;
  const tick = () => {
    time += 1;
    return time;
  };
  const users: User[] = [];
  for (let i = 0; i < userCount; i += 1) {
    const reader = await AckingPage.open(harness, { subject: `user-${i}` });
    await reader.login(room, "loginWhenever");
    users.push({ reader, isAway: false, hasLeft: false, memberSince: tick(), memberships: [], pages: [reader] });
  }
  await harness.pass(31_000);

  harness.aroundCall = scheduledCalls(schedule);

  const busy = users.map(() => Promise.resolve());
  let passed = Promise.resolve();
  const pushed: { seq: number; requestedAt: number; acceptedAt: number }[] = [];
  const run = async (script: Operation[]) => {
    for (const operation of script) {
      if (operation.do === "push") {
        const requestedAt = tick();
        const accepted = await harness.push(room);
        if ("code" in accepted) throw new Error(accepted.msg);
        pushed.push({ seq: accepted.records[0]?.seq ?? 0, requestedAt, acceptedAt: tick() });
      } else if (operation.do === "time") {
        passed = passed.then(() => harness.pass(operation.ms));
        await passed;
      } else {
        const user = users[operation.user] as User;
        const mine = (busy[operation.user] ?? Promise.resolve()).then(() => perform(harness, user, operation.do, tick));
        busy[operation.user] = mine;
        await mine;
      }
    }
  };
  await schedule.waitFor(Promise.all(scripts.map(run)));
  harness.aroundCall = (work) => work();

  // Departed users stay away. No post is lost from here on.
  harness.lost.clear();
  for (let i = 0; i < 12; i += 1) {
    await harness.pass(3_000);
    for (const { reader } of users) {
      await reader.fill();
      await reader.ack();
    }
  }
  await harness.pass(600_000);
  for (const { isAway, hasLeft, memberSince, memberships } of users) {
    if (!isAway && !hasLeft) memberships.push({ from: memberSince, to: tick() });
  }
  return { users, pushed };
}

async function perform(harness: Harness, user: User, what: string, tick: () => number): Promise<void> {
  const { reader } = user;
  const end = () => {
    user.isAway = true;
    if (!user.hasLeft) user.memberships.push({ from: user.memberSince, to: tick() });
  };
  switch (what) {
    case "ack":
      return reader.ack();
    case "fill":
      await reader.fill();
      return;
    case "drop":
    case "dropSilently":
      if (user.isAway) return;
      end();
      return reader.page.close({ isReported: what === "drop" });
    case "return":
      if (!user.isAway) return;
      await reader.page.open();
      user.isAway = false;
      user.memberSince = tick();
      return;
    case "newPage": {
      if (!user.isAway || user.hasLeft) return;
      const fresh = await AckingPage.open(harness, { subject: reader.page.subject });
      await fresh.login(room, "loginWhenever");
      user.pages.push(fresh);
      user.reader = fresh;
      user.isAway = false;
      user.memberSince = tick();
      return;
    }
    case "losePosts":
      harness.lost.add(reader.page.connectionId);
      return;
    case "leave":
      if (user.isAway || user.hasLeft) return;
      user.hasLeft = true;
      await reader.page.leave(room);
  }
}

// PROPERTY_RUNS=5000 for a longer search.
const numRuns = Number(process.env.PROPERTY_RUNS ?? 150);

test(
  "each member at the time of an accepted push has the message on a page, or is reported, or has left",
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), scripts, async (schedule, scripts) => {
        const tables = await openInMemoryTables();
        const harness = new Harness(tables.client);
        const { users, pushed } = await play(harness, schedule, scripts);
        const reported = harness.undelivered.map(({ subject, seq }) => `${seq} to ${subject}`);
        for (const { reader, hasLeft, memberships, pages } of users) {
          if (hasLeft) continue;
          const { subject } = reader.page;
          for (const { seq, requestedAt, acceptedAt } of pushed) {
            const wasMember = memberships.some(({ from, to }) => from < requestedAt && acceptedAt < to);
            const isShown = pages.some(({ seen }) => seen.some((each) => each.seq === seq && each.roomId === room));
            if (wasMember && !isShown) expect(reported).toContain(`${seq} to ${subject}`);
          }
        }
        // Twice only if a membership ends at the moment at which a check exhausts it.
        for (const report of reported) expect(reported.filter((each) => each === report).length).toBeLessThanOrEqual(2);
        expect(harness.checks).toEqual([]);
        await tables.close();
      }),
      { numRuns, verbose: 1 },
    );
  },
  numRuns * 2_000,
);
