import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync, globSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

/** The inputs of the cloud assembly. A change to any other file cannot change it. */
const sources = [
  "{bin,lib,lambdas,protocol}/**/*",
  "{cdk,cdk.context,package,package-lock,tsconfig}.json",
  "node_modules/{aws-cdk-lib,esbuild}/package.json",
];
/** Older assemblies are kept because a runtime that started before a change still loads bundles from them. */
const maxAssemblies = 5;

/**
 * Runs the CDK app of `cdk.json`, unless `.local/assemblies/` already holds the assembly for the same sources.
 *
 * @param root the project folder
 * @returns the folder of the cloud assembly
 * @throws with the output of the app, if it fails
 */
export async function synthesize(root: string): Promise<string> {
  const assemblies = join(root, ".local", "assemblies");
  const hash = hashSources(root);
  const folder = join(assemblies, hash);
  if (!existsSync(folder)) {
    // The app writes to a folder of a unique name, because two processes can synthesize at the same time.
    const unfinished = `${folder}.${randomUUID()}`;
    try {
      await runApp(root, unfinished);
      if (hashSources(root) !== hash) return await synthesize(root);
      moveUnlessExists(unfinished, folder);
    } finally {
      rmSync(unfinished, { recursive: true, force: true });
    }
  }
  const now = new Date();
  utimesSync(folder, now, now);
  removeOldest(assemblies);
  return folder;
}

function moveUnlessExists(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}

function hashSources(root: string): string {
  const hash = createHash("sha256").update(process.version);
  for (const file of globSync(sources, { cwd: root }).sort()) {
    const path = join(root, file);
    if (statSync(path).isFile()) hash.update(`\0${file}\0`).update(readFileSync(path));
  }
  return hash.digest("hex").slice(0, 32);
}

async function runApp(root: string, folder: string): Promise<void> {
  const { app, context = {} } = readJson(join(root, "cdk.json"));
  if (typeof app !== "string") throw new Error(`cdk.json should hold the command of the CDK app as "app", got ${app}`);
  // The CDK command line would read this file and pass it on.
  const contextFile = join(root, "cdk.context.json");
  const fullContext = { ...(context as object), ...(existsSync(contextFile) ? readJson(contextFile) : {}) };
  const withoutAws = Object.entries(process.env).filter(([name]) => !/^(AWS|CDK)_/.test(name));
  const child = spawn(app, {
    cwd: root,
    shell: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...Object.fromEntries(withoutAws),
      // `node` in the app's command is the Node.js that runs this process.
      PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
      CDK_OUTDIR: folder,
      CDK_CONTEXT_JSON: JSON.stringify(fullContext),
      CDK_DISABLE_VERSION_CHECK: "1",
      // CloudFormation validation takes three times as long as the rest of the synthesis; `cdk synth` and a test run
      // it.
      CDK_VALIDATION: "false",
      AWS_EC2_METADATA_DISABLED: "true",
    },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const code = await new Promise((resolve, reject) => child.on("close", resolve).on("error", reject));
  if (code !== 0) throw new Error(`the CDK app (${app}) failed with exit code ${code}:\n${output.trim()}`);
}

function removeOldest(assemblies: string): void {
  const byAge = readdirSync(assemblies)
    .map((name) => ({ path: join(assemblies, name), usedAt: statSync(join(assemblies, name)).mtimeMs }))
    .sort((a, b) => b.usedAt - a.usedAt);
  for (const { path } of byAge.slice(maxAssemblies)) rmSync(path, { recursive: true, force: true });
}

const readJson = (file: string): Record<string, unknown> => JSON.parse(readFileSync(file, "utf8"));
