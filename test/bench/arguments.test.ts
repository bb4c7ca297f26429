import { expect, test } from "vitest";
import { helpText, readArguments } from "../../bench/arguments.ts";

const all = ["posts", "memory", "end-to-end"];

test.each([
  [[], all],
  [["memory"], ["memory"]],
  [
    ["end-to-end", "posts"],
    ["end-to-end", "posts"],
  ],
])("npm run bench -- %j runs %j", (args, names) => {
  expect(readArguments(args, all)).toEqual({ kind: "run", names });
});

test.each(["--help", "-h"])("%s lists the benchmarks", (flag) => {
  expect(readArguments([flag], all)).toEqual({ kind: "help" });
  const text = helpText(Object.fromEntries(all.map((name) => [name, { measures: "CPU", takes: "1 min" }])));
  for (const name of all) expect(text).toContain(name);
});

test.each([
  [["memmory"], "there is no benchmark memmory; use posts, memory, end-to-end or --help"],
  [["end"], "there is no benchmark end; use"],
  [["--all"], "there is no option --all; use"],
  [["memory", "-x"], "there is no option -x; use"],
  [["--help=yes"], "there is no option --help=yes; use"],
])("%j is refused with a list of the names", (args, message) => {
  expect(() => readArguments(args, all)).toThrow(message);
});
