import { expect, test } from "vitest";
import { helpText, readArguments } from "../../bench/arguments.ts";

const all = ["delivery", "fan-out/posts", "fan-out/way"];

test.each([
  [[], all],
  [["delivery"], ["delivery"]],
  [["fan-out/way"], ["fan-out/way"]],
  [["fan-out"], ["fan-out/posts", "fan-out/way"]],
])("npm run bench -- %j runs %j", (args, names) => {
  expect(readArguments(args, all)).toEqual({ kind: "run", names });
});

test.each(["--help", "-h"])("%s says what there is", (flag) => {
  expect(readArguments([flag], all)).toEqual({ kind: "help" });
  for (const name of all) expect(helpText(all)).toContain(name);
});

test.each([
  [["deliverie"], "there is no benchmark deliverie; there are delivery, fan-out/posts, fan-out/way, and --help"],
  [["fan"], "there is no benchmark fan; there are"],
  [["--all"], "there is no option --all; there are"],
  [["delivery", "-x"], "there is no option -x; there are"],
  [["--help=yes"], "there is no option --help=yes; there are"],
])("%j is refused with what there is", (args, message) => {
  expect(() => readArguments(args, all)).toThrow(message);
});
