import { runBurst } from "./run-burst.ts";
import { burstTable, type Pair } from "./table.ts";

const members = 3_000;
const bursts = [
  // Nothing waits beside it: both ways have to come to the same.
  { messages: 1, everyMs: 100 },
  { messages: 5, everyMs: 100 },
  { messages: 20, everyMs: 100 },
  // The workers nearly keep up.
  { messages: 10, everyMs: 500 },
];

/** What it saves that messages which wait for the same way go together, as text. */
export async function burst(): Promise<string> {
  const pairs: Pair[] = [];
  for (const each of bursts) {
    const options = { members, ...each };
    console.error(`fan-out/burst: ${each.messages} messages, one every ${each.everyMs} ms`);
    pairs.push({
      with: await runBurst({ ...options, coalesced: true }),
      without: await runBurst({ ...options, coalesced: false }),
    });
  }
  return burstTable(pairs);
}
