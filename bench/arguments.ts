import { parseArgs } from "node:util";

export type Wanted = { kind: "help" } | { kind: "run"; names: string[] };

/**
 * Reads the command line of `npm run bench`.
 *
 * @param all names of the benchmarks; what is before a slash stands for all that begin with it
 * @returns all of them where none is named
 * @throws with what there is, for a name or an option that there is not
 */
export function readArguments(args: string[], all: readonly string[]): Wanted {
  const { help, names } = parse(args, all);
  if (help) return { kind: "help" };
  const named = (wanted: string) => all.filter((name) => name === wanted || name.startsWith(`${wanted}/`));
  for (const wanted of names) {
    if (named(wanted).length === 0) throw new Error(`there is no benchmark ${wanted}; ${choice(all)}`);
  }
  return { kind: "run", names: names.length > 0 ? names.flatMap(named) : [...all] };
}

const choice = (all: readonly string[]) => `there are ${all.join(", ")}, and --help`;

function parse(args: string[], all: readonly string[]): { help: boolean; names: string[] } {
  try {
    const options = { help: { type: "boolean", default: false, short: "h" } } as const;
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    return { help: values.help, names: positionals };
  } catch (cause) {
    const unknown = args.find((arg) => arg.startsWith("-") && !["-h", "--help"].includes(arg));
    throw new Error(`there is no option ${unknown}; ${choice(all)}`, { cause });
  }
}

export const helpText = (all: readonly string[]): string =>
  [
    "npm run bench -- [NAME …]",
    "",
    "Prints a report for each benchmark that is named and keeps it in bench/RESULTS.md, in place of the one before. What is",
    "before a slash stands for all that begin with it. Without a name all are run, which takes a quarter of an hour and",
    "writes all of RESULTS.md anew. bench/README.md says what the numbers mean.",
    "",
    ...all.map((name) => `  ${name}`),
  ].join("\n");
