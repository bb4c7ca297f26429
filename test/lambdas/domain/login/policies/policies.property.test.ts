import fc from "fast-check";
import { expect, test } from "vitest";
import { isCurrent } from "../../../../../lambdas/domain/model/member.ts";
import { type LoginPolicy, loginPolicies } from "../../../../../protocol/ids.ts";
import { Harness, type Page } from "../../../../support/harness.ts";
import { openInMemoryTables } from "../../../../support/in-memory-tables.ts";
import { scheduledCalls } from "../../../../support/scheduled-calls.ts";
import { sharedTables } from "../../../../support/shared-tables.ts";

// Random histories of several pages in one room. Every call to a table and every post waits for its turn, which
// fast-check gives: logins, ends and returns are interleaved as no clock would do it, and a seed plays it again.

type Step = { do: "login"; type: LoginPolicy } | { do: "leave" | "end" | "endUntold" | "goStale" | "comeBack" };
/** What one page did, with the moments at which it began and was over. */
interface Act {
  page: number;
  step: Step;
  from: number;
  to: number;
  code?: string;
}

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("login" as const), type: fc.constantFrom(...loginPolicies) }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("leave", "end", "endUntold", "goStale").map((word) => ({ do: word }) as Step),
  },
  { weight: 2, arbitrary: fc.constant<Step>({ do: "comeBack" }) },
);
const scripts = fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), { minLength: 2, maxLength: 4 });

const tables = sharedTables(openInMemoryTables);

let rooms = 0;

/** Plays the scripts side by side. */
async function play(schedule: fc.Scheduler, scripts: Step[][]) {
  rooms += 1;
  const room = `room-${rooms}`;
  const harness = new Harness(tables.client, scheduledCalls(schedule));
  const acts: Act[] = [];
  let clock = 0;
  const moment = () => {
    clock += 1;
    return clock;
  };
  const run = async (page: Page, index: number, script: Step[]) => {
    await page.open();
    for (const step of script) {
      const act: Act = { page: index, step, from: moment(), to: Number.POSITIVE_INFINITY };
      acts.push(act);
      const code = await perform(page, room, step);
      if (code) act.code = code;
      act.to = moment();
    }
    await Promise.all(page.answers);
  };
  const pages = scripts.map((_, i) => harness.page({ subject: `page-${i}-of-${room}` }));
  const done = Promise.all(pages.map((page, i) => run(page, i, scripts[i] ?? [])));
  await schedule.waitFor(done);
  return { harness, room, pages, acts };
}

async function perform(page: Page, room: string, step: Step): Promise<string | undefined> {
  const isOpen = page.connectionState === "open";
  switch (step.do) {
    case "login":
      return isOpen ? (await page.login(room, step.type)).data.code : undefined;
    case "leave":
      if (isOpen) await page.leave(room);
      return undefined;
    case "end":
    case "endUntold":
      if (isOpen) await page.close({ isReported: step.do === "end" });
      return undefined;
    case "goStale":
      if (isOpen) page.goStale();
      return undefined;
    case "comeBack":
      await page.open();
      return undefined;
  }
}

// PROPERTY_RUNS=5000 for a longer search.
const numRuns = Number(process.env.PROPERTY_RUNS ?? 200);
const runs = { numRuns, verbose: 1 as const };
const slowMachineMs = numRuns * 2_000;

test(
  "what the server holds and what the pages were told is the same in the end, and no exclusive login shares a room",
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), scripts, async (schedule, scripts) => {
        const { harness, room, pages, acts } = await play(schedule, scripts);
        const there = pages.filter((page) => page.connectionState === "open");

        const counters = await harness.unwatched.rooms.open(room);
        const held: string[] = [];
        for await (const members of harness.unwatched.members.pages(room)) {
          held.push(...members.filter((m) => isCurrent(m, counters)).map((m) => m.connectionId));
        }
        const open = there.map((page) => page.connectionId);
        const told = there.filter((page) => page.isIn(room)).map((page) => page.connectionId);
        expect(held.filter((id) => open.includes(id)).sort()).toEqual(told.sort());

        const everUsed = acts.flatMap(({ step }) => (step.do === "login" ? [step.type] : []));
        if (!everUsed.includes("loginWhenever")) expect(told.length).toBeLessThanOrEqual(1);
      }),
      runs,
    );
  },
  slowMachineMs,
);

test(
  "loginWhenFirst gets in only if nobody was in all the time, and is refused only if somebody may have been in",
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), scripts, async (schedule, scripts) => {
        const { acts } = await play(schedule, scripts);
        for (const act of acts) {
          if (act.step.do !== "login" || act.step.type !== "loginWhenFirst") continue;
          const others = acts.filter(({ page }) => page !== act.page);
          if (act.code === "2002" && !wasIn(acts, act)) expect(surelyIn(others, act)).toBe(false);
          if (act.code === "2004") expect(possiblyIn(others, act)).toBe(true);
        }
      }),
      runs,
    );
  },
  slowMachineMs,
);

const isLogin = (act: Act) => act.step.do === "login";
const isEnd = ({ step }: Act) => step.do !== "login" && step.do !== "comeBack";

/** The page may have had a place of its own already, which it keeps. */
const wasIn = (acts: Act[], act: Act) =>
  acts.some((other) => other.page === act.page && other !== act && other.from < act.from && isLogin(other));

/** Somebody logged in before the act, did not end before it was over, and nobody could have put them out. */
function surelyIn(others: Act[], act: Act): boolean {
  return others.some((entered) => {
    if (entered.code !== "2002" || entered.to > act.from) return false;
    const own = others.filter(({ page, from }) => page === entered.page && from > entered.from);
    const ended = own.some((later) => (isEnd(later) || later.step.do === "comeBack") && later.from < act.to);
    const evicted = others.some(
      (last) => last.page !== entered.page && last.step.do === "login" && last.to > entered.from && last.from < act.to,
    );
    return !ended && !evicted;
  });
}

/** Somebody had begun to log in before the act was over, and had not ended for good before it began. */
function possiblyIn(others: Act[], act: Act): boolean {
  return others.some((entered) => {
    if (!isLogin(entered) || entered.from > act.to || entered.code === "2004" || entered.code === "2003") return false;
    const own = others.filter(({ page, from }) => page === entered.page && from > entered.from);
    const lastEnd = own.filter((later) => isEnd(later) && later.to < act.from).at(-1);
    const cameBack = own.some((later) => later.step.do === "comeBack" && lastEnd && later.from > lastEnd.from);
    return !lastEnd || cameBack;
  });
}
