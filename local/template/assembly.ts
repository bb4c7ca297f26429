import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** A template as it is in the file, before anything is resolved. */
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

/** A cloud assembly's one stack, as it was read from its folder. */
export interface Assembly {
  readonly stackName: string;
  readonly template: Template;
  /** Object keys of file assets and the folders that they were made from. */
  readonly assets: ReadonlyMap<string, string>;
}

/** @throws if the folder does not hold exactly one stack */
export function readAssembly(folder: string): Assembly {
  const { artifacts } = readJson<Manifest>(join(folder, "manifest.json"));
  const stacks = Object.entries(artifacts ?? {}).filter(([, { type }]) => type === "aws:cloudformation:stack");
  const [only] = stacks;
  if (!only || stacks.length > 1) {
    const names = stacks.map(([name]) => name).join(", ");
    throw new Error(`the cloud assembly should hold one stack, got ${stacks.length}${names && `: ${names}`}`);
  }
  const [stackName, { properties }] = only;
  if (!properties?.templateFile) throw new Error(`the cloud assembly names no template for the stack ${stackName}`);
  const assets = new Map<string, string>();
  for (const { type, properties: own } of Object.values(artifacts ?? {})) {
    if (type !== "cdk:asset-manifest" || !own?.file) continue;
    for (const { source, destinations } of Object.values(readJson<Assets>(join(folder, own.file)).files ?? {})) {
      for (const { objectKey } of Object.values(destinations)) assets.set(objectKey, resolve(folder, source.path));
    }
  }
  return { stackName, template: readJson<Template>(join(folder, properties.templateFile)), assets };
}

interface Manifest {
  artifacts?: Record<string, { type: string; properties?: { templateFile?: string; file?: string } }>;
}
interface Assets {
  files?: Record<string, { source: { path: string }; destinations: Record<string, { objectKey: string }> }>;
}

const readJson = <T>(file: string) => JSON.parse(readFileSync(file, "utf8")) as T;
