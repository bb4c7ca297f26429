import { type Command, helpText, readArguments } from "./arguments.ts";
import { coalescing } from "./coalescing/coalescing.ts";
import { coldStarts } from "./cold-starts/cold-starts.ts";
import { endToEnd } from "./end-to-end/end-to-end.ts";
import { memory } from "./memory/memory.ts";
import { posts } from "./posts/posts.ts";
import { saveResult } from "./results.ts";
import { smallPush } from "./small-push/small-push.ts";

interface Benchmark {
  measures: string;
  takes: string;
  /** @returns the lines of a report, at most 120 columns wide */
  run(): Promise<string[]>;
}

const benchmarks: Record<string, Benchmark> = {
  posts: { measures: "CPU of a post, compared to the SDK and other HTTP clients", takes: "2 min", run: posts },
  "small-push": { measures: "CPU of a push to a room of two", takes: "10 s", run: smallPush },
  "cold-starts": { measures: "start of each Lambda function and its dependencies", takes: "2 min", run: coldStarts },
  memory: { measures: "memory of a fan-out worker, for rooms up to a million", takes: "3 min", run: memory },
  "end-to-end": { measures: "a push to 5,000 clients, compared to Socket.IO", takes: "3 min", run: endToEnd },
  coalescing: { measures: "posts and acks saved in a burst of messages", takes: "1 min", run: coalescing },
};

const command = read();
if (command?.kind === "help") console.log(helpText(benchmarks));
for (const name of command?.kind === "run" ? command.names : []) {
  const report = (await benchmarks[name]?.run()) ?? [];
  console.log(report.join("\n"));
  saveResult(name, report);
}

function read(): Command | undefined {
  try {
    return readArguments(process.argv.slice(2), Object.keys(benchmarks));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
    return undefined;
  }
}
