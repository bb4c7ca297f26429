import { parseArgs } from "node:util";
import { startLocal } from "../../local/host/runtime.ts";
import { withShortTimes } from "../local-stack/with-short-times.ts";
import { runWave } from "./run-wave.ts";

// npm run test:soak -- --minutes 10
// Waves of one seed after the other, until the time is over or, with --waves, so many have been played.

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    waves: { type: "string", default: "Infinity" },
    seed: { type: "string" },
  },
});
const historiesPerWave = 10;
const startedAt = Date.now();
const secondsSince = (from: number) => ((Date.now() - from) / 1_000).toFixed(0);
const firstSeed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
const local = await startLocal({ edit: withShortTimes });
let waves = 0;
let failed = 0;
do {
  const from = Date.now();
  const seed = firstSeed + waves;
  const { records, failures } = await runWave(local, seed, historiesPerWave);
  waves += 1;
  failed += failures.length;
  const sent = records.reduce((sum, history) => sum + history.sent.length, 0);
  const received = records.flatMap(({ stays }) => stays).reduce((sum, stay) => sum + stay.received.length, 0);
  console.log(`DELIVERY_SEED=${seed}: ${sent} messages sent, ${received} heard, ${secondsSince(from)} s`);
  for (const failure of failures) console.log(failure);
} while (Date.now() < startedAt + Number(values.minutes) * 60_000 && waves < Number(values.waves));
await local.close();
console.log(`${waves * historiesPerWave} histories, ${failed} failed, ${secondsSince(startedAt)} s`);
process.exitCode = failed > 0 ? 1 : 0;
