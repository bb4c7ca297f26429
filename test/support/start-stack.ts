import { inject } from "vitest";
import { type Local, type LocalOptions, startLocal } from "../../local/host/runtime.ts";
import type {} from "./share-assembly.ts";

/** Runs the stack that this run has synthesized, on any free port and in memory. */
export const startStack = (options: Omit<LocalOptions, "assembly" | "data" | "port"> = {}): Promise<Local> =>
  startLocal({ ...options, assembly: inject("assembly") });
