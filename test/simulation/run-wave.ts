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
 * If no function except polls has run for this long, no message is on its way any more. The longest pauses are those of a
 * killed ack check (15 s), of a page whose network failed (15 s), and of a page with a gap (30 s).
 */
const quietMs = 40_000;
/** A wave that does not become quiet within this time fails. */
const maxSettleMs = 300_000;
const checkIntervalMs = 50;

export interface WaveResult {
  histories: History[];
  /** One text per failed history, with its trace, and one per missing permission of a function's role. */
  failures: string[];
}

/** Runs the histories of a seed at the same time: first with faults, then without, until every message has arrived. */
export async function runWave(local: Local, seed: number, size: number): Promise<WaveResult> {
  const { histories: plans, faultRates } = waveOf(seed, size);
  const random = seededRandom(seed);
  const id = randomUUID().slice(0, 4);
  const lastEvent = `${id}-last-everyone`;
  const scenarios = plans.map((plan, i) => new Scenario(local, plan, `${id}.${i}`, lastEvent, random));
  const tables = openTables(local);
  let stopNemesis = () => {};
  try {
    await Promise.all(scenarios.map((scenario) => scenario.open()));
    stopNemesis = startNemesis(local, faultRates, seed);
    await Promise.all(scenarios.map((scenario) => scenario.run()));
    stopNemesis();
    await Promise.all(scenarios.map((scenario) => scenario.finished()));
    await settled(local, () => scenarios.reduce((sum, scenario) => sum + scenario.missingAndUnreported.length, 0));
    // Taken before the last messages, after which clients notice every gap.
    const missing = scenarios.map((scenario) => scenario.missingAndUnreported);
    await Promise.all([
      ...scenarios.map((scenario) => scenario.pushLast()),
      pushToEveryone(
        local,
        lastEvent,
        scenarios.map(({ history }) => history),
      ),
    ]);
    await settled(local, () => scenarios.reduce((sum, scenario) => sum + scenario.missing.length, 0));
    const violations = await Promise.all(
      scenarios.map(async (scenario, i) => [
        ...(missing[i] ?? []),
        ...scenario.missing,
        ...(await scenario.violations(tables)),
      ]),
    );
    const states = await Promise.all(
      scenarios.map((scenario, i) => (violations[i]?.length ? scenario.state(tables) : "")),
    );
    const failures = scenarios.flatMap(({ history }, i) => {
      const own = [...new Set(violations[i])];
      return own.length === 0 ? [] : [`history ${i}:\n${own.join("\n")}\n\n${history.trace}\n\n${states[i]}`];
    });
    return {
      histories: scenarios.map(({ history }) => history),
      failures: [...failures, ...missingPermissions(local)],
    };
  } finally {
    stopNemesis();
    for (const scenario of scenarios) scenario.close();
    local.faults.halfOpen.clear();
    tables.close();
  }
}

/** Waits until no message is missing, or nothing has run for `quietMs`. */
async function settled(local: Local, missing: () => number): Promise<void> {
  const limit = Date.now() + maxSettleMs;
  let before = { missing: missing(), newest: newestInvocation(local) };
  let quietUntil = Date.now() + quietMs;
  while (before.missing > 0 && Date.now() < Math.min(limit, quietUntil)) {
    await pause(checkIntervalMs);
    const now = { missing: missing(), newest: newestInvocation(local) };
    const isBusy = now.newest?.outcome === "running" || now.newest !== before.newest || now.missing !== before.missing;
    if (isBusy) quietUntil = Date.now() + quietMs;
    before = now;
  }
}

/** The newest invocation of a function, except of polls, which never end. */
const newestInvocation = ({ invocations }: Local) =>
  invocations.findLast(({ functionId }) => !functionId.includes("Poll"));

/** Log lines of calls that a function's role does not allow; on AWS they would fail in the same way. */
function missingPermissions({ logs }: Local): string[] {
  const texts = logs.lines.map(({ text }) => text).filter((text) => text.includes("is not authorized to perform"));
  return [...new Set(texts)];
}
