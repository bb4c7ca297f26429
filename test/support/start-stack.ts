import { inject } from "vitest";
import { type Local, type LocalOptions, startLocal } from "../../local/host/runtime.ts";
import type {} from "./share-assembly.ts";

/** Starts the stack that `share-assembly.ts` has synthesized, on a free port, with its data in memory. */
export const startStack = (options: Omit<LocalOptions, "assembly" | "data" | "port"> = {}): Promise<Local> =>
  startLocal({ ...options, assembly: inject("assembly") });
