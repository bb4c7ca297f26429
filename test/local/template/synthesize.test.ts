import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { synthesize } from "../../../local/template/synthesize.ts";

let root: string;
const write = (file: string, text: string) => writeFileSync(join(root, file), text);
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "downlink-"));
  for (const folder of ["bin", "lib"]) mkdirSync(join(root, folder));
  write("cdk.json", JSON.stringify({ app: "node bin/app.mjs", context: { colour: "blue" } }));
  write("lib/part.mjs", "export const part = 1;");
  write(
    "bin/app.mjs",
    `import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
     const { CDK_OUTDIR, CDK_CONTEXT_JSON, AWS_PROFILE = "none" } = process.env;
     appendFileSync("runs", "x");
     mkdirSync(CDK_OUTDIR, { recursive: true });
     writeFileSync(CDK_OUTDIR + "/manifest.json", JSON.stringify({ CDK_CONTEXT_JSON, AWS_PROFILE, node: process.version }));`,
  );
});
afterEach(() => rmSync(root, { recursive: true }));

const runs = () => readFileSync(join(root, "runs"), "utf8").length;

test("the app of cdk.json runs with its context, this Node.js and no AWS account", async () => {
  process.env.AWS_PROFILE = "other";
  const folder = await synthesize(root).finally(() => delete process.env.AWS_PROFILE);
  expect(JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"))).toEqual({
    CDK_CONTEXT_JSON: '{"colour":"blue"}',
    AWS_PROFILE: "none",
    node: process.version,
  });
});

test("unchanged sources have the same assembly, and the app does not run again", async () => {
  const first = await synthesize(root);
  expect(await synthesize(root)).toBe(first);
  expect(runs()).toBe(1);
});

test.each([
  ["a changed file", () => write("lib/part.mjs", "export const part = 2;")],
  ["a new file", () => write("lib/other.mjs", "")],
  ["a removed file", () => rmSync(join(root, "lib/part.mjs"))],
  [
    "a changed setting",
    () => write("cdk.json", JSON.stringify({ app: "node bin/app.mjs", context: { colour: "red" } })),
  ],
  ["a changed dependency", () => write("package-lock.json", "{}")],
])("%s leads to a new assembly", async (_, change) => {
  const first = await synthesize(root);
  change();
  expect(await synthesize(root)).not.toBe(first);
  expect(runs()).toBe(2);
});

test("two concurrent calls result in one assembly", async () => {
  const [first, second] = await Promise.all([synthesize(root), synthesize(root)]);
  expect(first).toBe(second);
  expect(readdirSync(join(root, ".local/assemblies"))).toHaveLength(1);
});

test("a failing app is an error with its output, and leaves nothing behind", async () => {
  write("bin/app.mjs", `console.error("no such construct"); process.exit(7);`);
  await expect(synthesize(root)).rejects.toThrow(
    "the CDK app (node bin/app.mjs) failed with exit code 7:\nno such construct",
  );
  write("bin/app.mjs", `import "node:fs"; throw new Error("again");`);
  await expect(synthesize(root)).rejects.toThrow(/exit code 1:.*Error: again/s);
});

test("sources that change while the app runs are synthesized again", async () => {
  const app = readFileSync(join(root, "bin/app.mjs"), "utf8");
  write(
    "bin/app.mjs",
    `${app}
    const { readFileSync } = await import("node:fs");
    if (readFileSync("runs", "utf8") === "x") writeFileSync("lib/part.mjs", "export const part = 3;");`,
  );
  await synthesize(root);
  expect(runs()).toBe(2);
  expect(await synthesize(root)).toContain(readdirSync(join(root, ".local/assemblies"))[0]);
  expect(runs()).toBe(2);
});

test("only the newest assemblies are kept", async () => {
  for (let part = 0; part < 8; part += 1) {
    write("lib/part.mjs", `export const part = ${part};`);
    await synthesize(root);
  }
  expect(readdirSync(join(root, ".local/assemblies")).length).toBeLessThanOrEqual(5);
});
