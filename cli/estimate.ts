import { helpText, readArguments } from "./estimate/arguments.ts";
import { estimate } from "./estimate/estimate.ts";
import { reportOf } from "./estimate/report.ts";
import { writeDocs } from "./estimate/write-docs.ts";

/** @returns what is printed */
function run(args: string[]): string {
  const command = readArguments(args);
  switch (command.kind) {
    case "help":
      return helpText();
    case "docs":
      return writeDocs(command.folder);
    case "estimate": {
      const answer = estimate(command.scenario, command.seed);
      return command.isJson ? JSON.stringify(answer, null, 2) : reportOf(answer);
    }
  }
}

try {
  console.log(run(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
