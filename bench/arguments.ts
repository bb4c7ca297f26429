import { parseArgs } from "node:util";
import { table } from "../cli/table.ts";

export type Command = { kind: "help" } | { kind: "run"; names: string[] };

/**
 * Reads the command line of `npm run bench`.
 *
 * @param all names of the benchmarks
 * @returns the benchmarks to run; all if the command line names none
 * @throws an error that lists the names, for an unknown name or option
 */
export function readArguments(args: string[], all: readonly string[]): Command {
  const options = { help: { type: "boolean", short: "h" } } as const;
  const { values, positionals, tokens } = parseArgs({
    ...{ args, options, allowPositionals: true, strict: false, tokens: true },
  });
  const allowed = `use ${all.join(", ")} or --help`;
  for (const token of tokens) {
    if (token.kind !== "option" || (token.name === "help" && token.value === undefined)) continue;
    throw new Error(`there is no option ${args[token.index]}; ${allowed}`);
  }
  if (values.help) return { kind: "help" };
  const missing = positionals.find((name) => !all.includes(name));
  if (missing !== undefined) throw new Error(`there is no benchmark ${missing}; ${allowed}`);
  return { kind: "run", names: positionals.length > 0 ? positionals : [...all] };
}

/** @param benchmarks what each measures and how long it takes, by name */
export const helpText = (benchmarks: Record<string, { measures: string; takes: string }>): string =>
  [
    "Usage: npm run bench -- [NAME ...]",
    "",
    "Runs the named benchmarks, or all. Prints each report and saves it in bench/RESULTS.md.",
    "bench/README.md explains the numbers.",
    "",
    ...table(
      ["name", "measures", "takes"],
      Object.entries(benchmarks).map(([name, { measures, takes }]) => [name, measures, takes]),
      { indent: 2, leftColumns: 2 },
    ),
  ].join("\n");
