import { openTables } from "../../test/support/tables.ts";
import { Backend } from "./backend.ts";
import { connecting } from "./connecting.ts";
import { type Budget, isWithin } from "./operation.ts";
import { type Cost, costOf } from "./prices.ts";
import { receiving } from "./receiving.ts";
import { push, roomOf } from "./room.ts";
import { sending } from "./sending.ts";
import type { Usage } from "./usage.ts";

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

const stormRoom = 1_000;
const stormDeliveries = 1_000_000;
export const mostRatio = 1.1;

/** Makes every operation once and counts what it used. */
export async function countOperations(): Promise<{ rows: Row[]; storm: Storm }> {
  const { client, close } = await openTables();
  const backend = new Backend(client);
  const rows: Row[] = [];
  const all = (["connecting", "sending", "receiving"] as const).flatMap((group) =>
    groups[group].map((operation) => ({ group, ...operation })),
  );
  try {
    for (const { group, name, budget, prepare } of all) {
      const usage = await backend.meter.measure(await prepare(backend));
      const kept = budget && { budget: { ...budget, isKept: isWithin(budget, usage) } };
      rows.push({ group, name, usage, cost: costOf(usage), ...kept });
    }
    return { rows, storm: await countStorm(backend) };
  } finally {
    await close();
  }
}

async function countStorm(backend: Backend): Promise<Storm> {
  const roomId = await roomOf(backend, stormRoom);
  const cost = costOf(await backend.meter.measure(() => push(backend, roomId, { qos: 0 })));
  const pushes = stormDeliveries / stormRoom;
  // A price per million pushes.
  const scaled = Object.fromEntries(Object.entries(cost).map(([item, usd]) => [item, (usd * pushes) / 1_000_000]));
  const ratio = cost.total / cost.messages;
  return { cost: scaled as unknown as Cost, ratio, isKept: ratio <= mostRatio };
}
