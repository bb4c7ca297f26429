import { parseArgs } from "node:util";
import { startLocal } from "../../local/host/runtime.ts";
import { withShortTimes } from "../local-stack/with-short-times.ts";
import { runWave } from "./run-wave.ts";

// Searches for new defects: runs waves of random delivery histories, each from the next seed.

const historiesPerWave = 10;

const usage = `usage: npm run test:soak -- [--minutes N] [--waves N] [--seed N]

  --minutes N  start no wave after N minutes (default: 10)
  --waves N    end after N waves of ${historiesPerWave} histories (default: no limit)
  --seed N     seed of the first wave; later waves count up (default: random)
  --help       print this text

To repeat a wave that failed: DELIVERY_SEED=<seed> npx vitest run test/simulation`;

interface SoakOptions {
  minutes: number;
  waves: number;
  firstSeed: number;
}

/** @returns the options, or `undefined` for `--help` @throws Error with a text for the user */
function readOptions(): SoakOptions | undefined {
  const { values } = parseArgs({
    options: {
      minutes: { type: "string" },
      waves: { type: "string" },
      seed: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  return {
    minutes: numberOf("--minutes", values.minutes, /^\d+(\.\d+)?$/, "a number") ?? 10,
    waves: numberOf("--waves", values.waves, /^[1-9]\d*$/, "a whole number from 1") ?? Number.POSITIVE_INFINITY,
    firstSeed: numberOf("--seed", values.seed, /^\d+$/, "a whole number from 0") ?? Math.floor(Math.random() * 2 ** 31),
  };
}

function numberOf(option: string, value: string | undefined, pattern: RegExp, expected: string): number | undefined {
  if (value === undefined) return undefined;
  if (!pattern.test(value)) throw new Error(`${option} should be ${expected}, got ${JSON.stringify(value)}`);
  return Number(value);
}

/** @returns the number of failed histories */
async function soak({ minutes, waves, firstSeed }: SoakOptions): Promise<number> {
  const startedAtMs = Date.now();
  const secondsSince = (fromMs: number) => ((Date.now() - fromMs) / 1_000).toFixed(0);
  const local = await startLocal({ edit: withShortTimes });
  let done = 0;
  let failed = 0;
  do {
    const waveStartedAtMs = Date.now();
    const seed = firstSeed + done;
    const { histories, failures } = await runWave(local, seed, historiesPerWave);
    done += 1;
    failed += failures.length;
    const sent = histories.reduce((sum, history) => sum + history.sent.length, 0);
    const received = histories
      .flatMap(({ memberships }) => memberships)
      .reduce((sum, membership) => sum + membership.received.length, 0);
    console.log(
      `DELIVERY_SEED=${seed}: ${sent} messages sent, ${received} received, ${secondsSince(waveStartedAtMs)} s`,
    );
    for (const failure of failures) console.log(failure);
  } while (Date.now() < startedAtMs + minutes * 60_000 && done < waves);
  await local.close();
  console.log(`${done * historiesPerWave} histories, ${failed} failed, ${secondsSince(startedAtMs)} s`);
  return failed;
}

let options: SoakOptions | undefined;
try {
  options = readOptions();
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  process.exit(1);
}
if (options === undefined) console.log(usage);
else process.exitCode = (await soak(options)) > 0 ? 1 : 0;
