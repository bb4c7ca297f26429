import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Local } from "../../../local/start.ts";
import { waveOf } from "./history.ts";
import type { Record } from "./record.ts";
import { seededRandom } from "./seeded-random.ts";
import { pushToEveryone } from "./service.ts";
import { startStorm } from "./storm.ts";
import { Story } from "./story.ts";
import { openTables } from "./tables.ts";

/** A line that died is noticed after 13 s, a look that was killed comes back after 6 s, the last one comes after 7 s. */
const settlesWithinMs = 45_000;
const askAgainMs = 50;

export interface Outcome {
  records: Record[];
  /** Each with what happened in its history. */
  failures: string[];
}

/** Plays the histories of a seed at the same time, in bad weather that then ends. */
export async function playWave(local: Local, seed: number, size: number): Promise<Outcome> {
  const { histories, weather } = waveOf(seed, size);
  const random = seededRandom(seed);
  const id = randomUUID().slice(0, 4);
  const lastEvent = `${id}-last-everyone`;
  const stories = histories.map((history, i) => new Story(local, history, `${id}.${i}`, lastEvent, random));
  const tables = openTables(local);
  let endStorm = () => {};
  try {
    await Promise.all(stories.map((story) => story.open()));
    endStorm = startStorm(local, weather, seed);
    await Promise.all(stories.map((story) => story.run()));
    endStorm();
    await Promise.all(stories.map((story) => story.answered()));
    await until(() => stories.every((story) => story.unheardAndUnreported.length === 0));
    // Before one more message shows every gap.
    const unheard = stories.map((story) => story.unheardAndUnreported);
    await Promise.all([
      ...stories.map((story) => story.pushLast()),
      pushToEveryone(
        local,
        lastEvent,
        stories.map(({ record }) => record),
      ),
    ]);
    await until(() => stories.every((story) => story.unheard.length === 0));
    const wrongs = await Promise.all(
      stories.map(async (story, i) => [...(unheard[i] ?? []), ...story.unheard, ...(await story.wrongs(tables))]),
    );
    const failures = stories.flatMap(({ record }, i) => {
      const own = [...new Set(wrongs[i])];
      return own.length === 0 ? [] : [`history ${i}:\n${own.join("\n")}\n\n${record.trace}`];
    });
    return { records: stories.map(({ record }) => record), failures };
  } finally {
    endStorm();
    for (const story of stories) story.close();
    local.faults.halfOpen.clear();
    tables.close();
  }
}

/** Waits for the condition, or until that has taken too long. */
async function until(isSo: () => boolean): Promise<void> {
  const limit = Date.now() + settlesWithinMs;
  while (!isSo() && Date.now() < limit) await pause(askAgainMs);
}
