import type { Usage } from "../../cli/estimate/usage.ts";
import { openTables } from "../support/tables.ts";
import { MeteredStack } from "./metered-stack.ts";
import { connecting } from "./operations/connecting.ts";
import { receiving } from "./operations/receiving.ts";
import { sending } from "./operations/sending.ts";

/** All operations, in the order of `cli/estimate/operations.json`. */
export const operations = [...connecting, ...sending, ...receiving];

/** Runs every operation once. @returns the usage of each by name */
export async function countOperations(): Promise<Record<string, Usage>> {
  const opened: (() => Promise<void>)[] = [];
  const openStack = async () => {
    const { client, close } = await openTables();
    opened.push(close);
    return new MeteredStack(client);
  };
  try {
    const shared = await openStack();
    const counted: Record<string, Usage> = {};
    for (const { name, needsEmptyTables, prepare } of operations) {
      const stack = needsEmptyTables ? await openStack() : shared;
      counted[name] = await stack.meter.measure(await prepare(stack));
    }
    return counted;
  } finally {
    for (const close of opened) await close();
  }
}
