import { runBurst } from "./run-burst.ts";
import { coalescingReport, type Pair } from "./table.ts";

const members = 3_000;
const bursts = [
  // Nothing to coalesce: both runs have the same result.
  { messages: 1, everyMs: 100 },
  { messages: 5, everyMs: 100 },
  { messages: 20, everyMs: 100 },
  // The workers almost keep up.
  { messages: 10, everyMs: 500 },
];

/** Measures the posts and acks of bursts with and without coalescing. */
export async function coalescing(): Promise<string[]> {
  const pairs: Pair[] = [];
  for (const burst of bursts) {
    const options = { members, ...burst };
    console.error(`coalescing: ${burst.messages} messages, one every ${burst.everyMs} ms`);
    pairs.push({
      with: await runBurst({ ...options, coalesced: true }),
      without: await runBurst({ ...options, coalesced: false }),
    });
  }
  return coalescingReport(pairs);
}
