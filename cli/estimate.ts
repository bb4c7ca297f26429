import { helpText, readArguments } from "./estimate/arguments.ts";
import { estimate } from "./estimate/estimate.ts";
import { reportOf } from "./estimate/report.ts";

/** @returns what is printed */
function run(args: string[]): string {
  const asked = readArguments(args);
  switch (asked.kind) {
    case "help":
      return helpText();
    case "docs":
      return "";
    case "estimate": {
      const answer = estimate(asked.question, asked.seed);
      return asked.isJson ? JSON.stringify(answer, null, 2) : reportOf(answer);
    }
  }
}

try {
  console.log(run(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
