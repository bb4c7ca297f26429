import { type Cost, costOf } from "../../cli/estimate/prices.ts";
import type { Usage } from "../../cli/estimate/usage.ts";
import { openTables } from "../support/tables.ts";
import { Backend } from "./metered-stack.ts";
import { connecting } from "./operations/connecting.ts";
import { type Budget, isWithin } from "./operations/operation.ts";
import { receiving } from "./operations/receiving.ts";
import { sending } from "./operations/sending.ts";

/** One operation as it was counted. */
export interface Row {
  group: "connecting" | "sending" | "receiving";
  name: string;
  usage: Usage;
  cost: Cost;
  /** Absent: there is no budget for it. */
  budget?: Budget & { isKept: boolean };
}
/** 1 M deliveries at `qos` 0 in rooms of 1,000. */
export interface Storm {
  cost: Cost;
  /** Of the cost to what API Gateway alone charges for the messages. */
  ratio: number;
  isKept: boolean;
}

const groups = { connecting, sending, receiving };

const stormRoom = { members: 1_000, push: "push at qos 0 to 1,000 members" };
const stormDeliveries = 1_000_000;
export const mostRatio = 1.1;

/** Makes every operation once and counts what it used. */
export async function countOperations(): Promise<{ rows: Row[]; storm: Storm }> {
  const { client, close } = await openTables();
  const backend = new Backend(client);
  const used = [close];
  const fresh = async () => {
    const tables = await openTables();
    used.push(tables.close);
    return new Backend(tables.client);
  };
  const rows: Row[] = [];
  const all = (["connecting", "sending", "receiving"] as const).flatMap((group) =>
    groups[group].map((operation) => ({ group, ...operation })),
  );
  try {
    for (const { group, name, budget, isAlone, prepare } of all) {
      const at = isAlone ? await fresh() : backend;
      const usage = await at.meter.measure(await prepare(at));
      const kept = budget && { budget: { ...budget, isKept: isWithin(budget, usage) } };
      rows.push({ group, name, usage, cost: costOf(usage), ...kept });
    }
    return { rows, storm: stormOf(rows) };
  } finally {
    for (const close of used) await close();
  }
}

function stormOf(rows: readonly Row[]): Storm {
  const cost = rows.find(({ name }) => name === stormRoom.push)?.cost;
  if (!cost) throw new Error(`no operation is called ${stormRoom.push}`);
  const pushes = stormDeliveries / stormRoom.members;
  // A price per million pushes.
  const scaled = Object.fromEntries(Object.entries(cost).map(([item, usd]) => [item, (usd * pushes) / 1_000_000]));
  const ratio = cost.total / cost.messages;
  return { cost: scaled as unknown as Cost, ratio, isKept: ratio <= mostRatio };
}
