import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Local } from "../../local/host/runtime.ts";
import { waveOf } from "./generator.ts";
import type { History } from "./history.ts";
import { startNemesis } from "./nemesis.ts";
import { Scenario } from "./scenario.ts";
import { seededRandom } from "./seeded-random.ts";
import { pushToEveryone } from "./service.ts";
import { openTables } from "./tables.ts";

/**
 * Where no function but polls has run for so long, nothing comes any more: a look that was killed comes back after 15 s,
 * a page on a bad line after as long, one with a gap asks each 30 s. How long all of that takes is the machine's affair.
 */
const quietMs = 40_000;
/** Something that never ends is wrong, too. */
const settlesWithinMs = 300_000;
const askAgainMs = 50;

export interface Outcome {
  records: History[];
  /** Each with what happened in its history, or what a function's role did not allow. */
  failures: string[];
}

/** Plays the histories of a seed at the same time, in bad weather that then ends. */
export async function runWave(local: Local, seed: number, size: number): Promise<Outcome> {
  const { histories, faultRates } = waveOf(seed, size);
  const random = seededRandom(seed);
  const id = randomUUID().slice(0, 4);
  const lastEvent = `${id}-last-everyone`;
  const scenarios = histories.map((plan, i) => new Scenario(local, plan, `${id}.${i}`, lastEvent, random));
  const tables = openTables(local);
  let endStorm = () => {};
  try {
    await Promise.all(scenarios.map((scenario) => scenario.open()));
    endStorm = startNemesis(local, faultRates, seed);
    await Promise.all(scenarios.map((scenario) => scenario.run()));
    endStorm();
    await Promise.all(scenarios.map((scenario) => scenario.answered()));
    await settled(local, () => scenarios.reduce((sum, scenario) => sum + scenario.unheardAndUnreported.length, 0));
    // Before one more message shows every gap.
    const unheard = scenarios.map((scenario) => scenario.unheardAndUnreported);
    await Promise.all([
      ...scenarios.map((scenario) => scenario.pushLast()),
      pushToEveryone(
        local,
        lastEvent,
        scenarios.map(({ history }) => history),
      ),
    ]);
    await settled(local, () => scenarios.reduce((sum, scenario) => sum + scenario.unheard.length, 0));
    const wrongs = await Promise.all(
      scenarios.map(async (scenario, i) => [
        ...(unheard[i] ?? []),
        ...scenario.unheard,
        ...(await scenario.wrongs(tables)),
      ]),
    );
    const states = await Promise.all(scenarios.map((scenario, i) => (wrongs[i]?.length ? scenario.state(tables) : "")));
    const failures = scenarios.flatMap(({ history }, i) => {
      const own = [...new Set(wrongs[i])];
      return own.length === 0 ? [] : [`history ${i}:\n${own.join("\n")}\n\n${history.trace}\n\n${states[i]}`];
    });
    return { records: scenarios.map(({ history }) => history), failures: [...failures, ...refusals(local)] };
  } finally {
    endStorm();
    for (const scenario of scenarios) scenario.close();
    local.faults.halfOpen.clear();
    tables.close();
  }
}

/** Waits until everything was heard, or everything is quiet. */
async function settled(local: Local, unheard: () => number): Promise<void> {
  const limit = Date.now() + settlesWithinMs;
  let before = { left: unheard(), newest: newestWork(local) };
  let quietUntil = Date.now() + quietMs;
  while (before.left > 0 && Date.now() < Math.min(limit, quietUntil)) {
    await pause(askAgainMs);
    const now = { left: unheard(), newest: newestWork(local) };
    const isBusy = now.newest?.outcome === "running" || now.newest !== before.newest || now.left !== before.left;
    if (isBusy) quietUntil = Date.now() + quietMs;
    before = now;
  }
}

/** The newest run of a function; polls run for ever. */
const newestWork = ({ invocations }: Local) => invocations.findLast(({ functionId }) => !functionId.includes("Poll"));

/** What a function was refused by its role; on AWS it would fail in just that way. */
function refusals({ logs }: Local): string[] {
  const texts = logs.lines.map(({ text }) => text).filter((text) => text.includes("is not authorized to perform"));
  return [...new Set(texts)];
}
