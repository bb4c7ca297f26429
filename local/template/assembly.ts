import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** A CloudFormation template as it is in the file: intrinsic functions are not resolved. */
export interface Template {
  Resources: Record<string, TemplateResource>;
  Parameters?: Record<string, { Default?: unknown }>;
  Conditions?: Record<string, unknown>;
  Mappings?: Record<string, Record<string, Record<string, unknown>>>;
}
export interface TemplateResource {
  Type: string;
  Properties?: Record<string, unknown>;
  Condition?: string;
}

/** The stack of a CDK cloud assembly. */
export interface Assembly {
  readonly stackName: string;
  readonly template: Template;
  /** Source folders of file assets by their object keys. */
  readonly assets: ReadonlyMap<string, string>;
}

/**
 * Reads a cloud assembly, the output folder of a CDK app.
 *
 * @throws if the folder does not hold exactly one stack
 */
export function readAssembly(folder: string): Assembly {
  const { artifacts = {} } = readJson<Manifest>(join(folder, "manifest.json"));
  const [stackName, { properties }] = onlyStack(artifacts);
  if (!properties?.templateFile) throw new Error(`the cloud assembly names no template for the stack ${stackName}`);
  return {
    stackName,
    template: readJson<Template>(join(folder, properties.templateFile)),
    assets: readAssets(folder, artifacts),
  };
}

function onlyStack(artifacts: Record<string, Artifact>): [name: string, artifact: Artifact] {
  const stacks = Object.entries(artifacts).filter(([, { type }]) => type === "aws:cloudformation:stack");
  const [only] = stacks;
  if (only && stacks.length === 1) return only;
  const names = stacks.map(([name]) => name).join(", ");
  throw new Error(`the cloud assembly should hold one stack, got ${stacks.length}${names && `: ${names}`}`);
}

function readAssets(folder: string, artifacts: Record<string, Artifact>): Map<string, string> {
  const assets = new Map<string, string>();
  for (const { type, properties } of Object.values(artifacts)) {
    if (type !== "cdk:asset-manifest" || !properties?.file) continue;
    for (const { source, destinations } of Object.values(readJson<Assets>(join(folder, properties.file)).files ?? {})) {
      for (const { objectKey } of Object.values(destinations)) assets.set(objectKey, resolve(folder, source.path));
    }
  }
  return assets;
}

interface Manifest {
  artifacts?: Record<string, Artifact>;
}
interface Artifact {
  type: string;
  properties?: { templateFile?: string; file?: string };
}
interface Assets {
  files?: Record<string, { source: { path: string }; destinations: Record<string, { objectKey: string }> }>;
}

const readJson = <T>(file: string) => JSON.parse(readFileSync(file, "utf8")) as T;
