import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { synthesize } from "../../local/template/synthesize.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Directory of the cloud assembly. */
    assembly: string;
  }
}

/** Synthesizes the stack once per run, for all test files that start it. */
export default async function shareAssembly(project: TestProject): Promise<void> {
  project.provide("assembly", await synthesize(fileURLToPath(new URL("../..", import.meta.url))));
}
