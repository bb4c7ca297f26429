import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync, globSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

/** Everything that the cloud assembly is made from; a change to anything else cannot change it. */
const sources = [
  "{bin,lib,lambdas,protocol}/**/*",
  "{cdk,cdk.context,package,package-lock,tsconfig}.json",
  "node_modules/{aws-cdk-lib,esbuild}/package.json",
];
/** Assemblies that are kept: a runtime that was started before a change still loads bundles of the one before. */
const keptAssemblies = 5;

/**
 * Runs the CDK app that cdk.json names, unless it has been run for these very sources before.
 *
 * @param root the project's folder
 * @returns the folder of the cloud assembly
 * @throws with what the app printed, if it fails
 */
export async function synthesize(root: string): Promise<string> {
  const all = join(root, ".local", "assemblies");
  const hash = hashOf(root);
  const folder = join(all, hash);
  if (!existsSync(folder)) {
    // Under a name of its own until it is whole: two processes may be at it.
    const unfinished = `${folder}.${randomUUID()}`;
    try {
      await runApp(root, unfinished);
      if (hashOf(root) !== hash) return await synthesize(root);
      moveUnlessThere(unfinished, folder);
    } finally {
      rmSync(unfinished, { recursive: true, force: true });
    }
  }
  const now = new Date();
  utimesSync(folder, now, now);
  removeOldest(all);
  return folder;
}

function moveUnlessThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}

function hashOf(root: string): string {
  const hash = createHash("sha256").update(process.version);
  for (const file of globSync(sources, { cwd: root }).sort()) {
    const path = join(root, file);
    if (statSync(path).isFile()) hash.update(`\0${file}\0`).update(readFileSync(path));
  }
  return hash.digest("hex").slice(0, 32);
}

async function runApp(root: string, folder: string): Promise<void> {
  const { app, context = {} } = readJson(join(root, "cdk.json"));
  if (typeof app !== "string") throw new Error(`cdk.json should name the CDK app's command as "app", got ${app}`);
  // What the CDK's command line would read for it.
  const kept = join(root, "cdk.context.json");
  const wholeContext = { ...(context as object), ...(existsSync(kept) ? readJson(kept) : {}) };
  const host = Object.entries(process.env).filter(([name]) => !/^(AWS|CDK)_/.test(name));
  const child = spawn(app, {
    cwd: root,
    shell: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...Object.fromEntries(host),
      // `node` is the one that runs this, whatever else the machine has.
      PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
      CDK_OUTDIR: folder,
      CDK_CONTEXT_JSON: JSON.stringify(wholeContext),
      CDK_DISABLE_VERSION_CHECK: "1",
      // CloudFormation's rules take three times as long as all the rest; `cdk synth` and a test ask them.
      CDK_VALIDATION: "false",
      AWS_EC2_METADATA_DISABLED: "true",
    },
  });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (printed += chunk));
  const code = await new Promise((resolve, reject) => child.on("close", resolve).on("error", reject));
  if (code !== 0) throw new Error(`the CDK app (${app}) failed with exit code ${code}:\n${printed.trim()}`);
}

function removeOldest(all: string): void {
  const byAge = readdirSync(all)
    .map((name) => ({ path: join(all, name), usedAt: statSync(join(all, name)).mtimeMs }))
    .sort((a, b) => b.usedAt - a.usedAt);
  for (const { path } of byAge.slice(keptAssemblies)) rmSync(path, { recursive: true, force: true });
}

const readJson = (file: string): Record<string, unknown> => JSON.parse(readFileSync(file, "utf8"));
