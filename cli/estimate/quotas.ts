import { connectionMaxSeconds } from "../../protocol/limits.ts";
import { ackWithinSeconds, aws, workersFor } from "./architecture.ts";
import { type Load, loadOf } from "./load.ts";
import { billedFor, forRooms, sumOf } from "./operations.ts";
import { assumedMs, memoryMb } from "./prices.ts";
import { reconnectRate } from "./reconnect-model.ts";
import { membersOf, type Scenario } from "./scenario.ts";
import { isInline, systemOf } from "./system.ts";
import { offeredRequests } from "./time-model.ts";

/** The use of one limit, in the unit of the limit. */
export interface QuotaUse {
  name: string;
  limit: number;
  /** Average. */
  steady: number;
  /** In the busiest second. */
  peak: number;
  /** When that second occurs. */
  peakWhen: string;
  /** Number of connections, each with the same load, whose average reaches the limit. */
  fullAtConnections: number;
}

/** @returns all limits, the most used first */
export function quotasOf(scenario: Scenario, load: Load = loadOf(scenario)): QuotaUse[] {
  const { connections, requestsPerSecond, connectsPerSecond, postsPerSecond, socketRateLimit, rooms, qos } = scenario;
  const system = systemOf(scenario, load);
  // Posts in the busiest second. A small push takes less than one.
  const rate = Math.min(postsPerSecond, scenario.everyonePerDay > 0 ? connections : membersOf(scenario));
  const queued = load.posts - (isInline(scenario) ? load.pushes * membersOf(scenario) : 0);
  const isFannedOut = queued > 0;
  const fanningOut = isFannedOut ? "during a large push" : "on average";
  const reconnects = Math.min(connections, reconnectRate(system));
  const { lambdas, writes } = runningOf(scenario, load);
  const members = membersOf(scenario);
  const oneRoom = (load.pushes * writesPerPush(qos) + load.ackedRooms) / rooms;
  // Each function that takes acks caches everyone's row for a second.
  const concurrentAcks = (perSecond: number) => qos * perSecond * Math.min(1, secondsOf("ack, 1 room"));
  const uses: Omit<QuotaUse, "fullAtConnections">[] = [
    {
      name: "API Gateway: requests a second",
      limit: requestsPerSecond,
      steady: load.requests,
      peak: isFannedOut ? Math.max(load.requests, offeredRequests(system, rate)) : load.requests,
      peakWhen: fanningOut,
    },
    {
      name: "API Gateway: new connections a second",
      limit: connectsPerSecond,
      steady: load.reconnects,
      // Reconnects after an outage use the whole limit. The times report their duration.
      peak: load.reconnects,
      peakWhen: "on average",
    },
    {
      name: "this stack: postsPerSecond",
      limit: postsPerSecond,
      steady: queued,
      peak: queued,
      peakWhen: "on average",
    },
    {
      name: "this stack: socketRateLimit",
      limit: socketRateLimit,
      steady: load.frames,
      ...worst(
        [load.frames + (isFannedOut ? qos * rate : 0), fanningOut],
        [load.frames + 2 * reconnects, duringReconnects],
      ),
    },
    {
      name: "Lambda: concurrent executions",
      limit: aws.lambdaConcurrency,
      steady: lambdas,
      ...worst(
        [lambdas + (isFannedOut ? workersFor(postsPerSecond) + qos * rate * secondsOf("ack, 1 room") : 0), fanningOut],
        [lambdas + (reconnects * connectAndHello(scenario).lambdaGbSeconds * 1024) / memoryMb.socket, duringReconnects],
      ),
    },
    {
      name: "DynamoDB: writes a second to a table",
      limit: aws.tableWrites,
      steady: writes,
      ...worst(
        [writes + (isFannedOut ? qos * rate * billedFor("ack, 1 room").writeUnits : 0), fanningOut],
        [writes + reconnects * connectAndHello(scenario).writeUnits, duringReconnects],
      ),
    },
    {
      name: "DynamoDB: writes a second to one room",
      limit: aws.partitionWrites,
      steady: oneRoom,
      ...worst(
        [oneRoom, "on average"],
        [writesPerPush(qos) + (qos * members) / Math.max(1, ackWithinSeconds(members)), "while members ack a push"],
        [(reconnects * members * roomWritesPerReconnect()) / connections, duringReconnects],
      ),
    },
    {
      name: "DynamoDB: reads a second of everyone's row",
      limit: aws.partitionReads,
      steady: load.reconnects + concurrentAcks(load.acks),
      ...worst(
        [load.reconnects + concurrentAcks(load.acks + (isFannedOut ? rate : 0)), fanningOut],
        [load.reconnects + concurrentAcks(load.acks) + reconnects, duringReconnects],
      ),
    },
  ];
  return uses
    .map((use) => ({ ...use, fullAtConnections: use.steady === 0 ? Infinity : (connections * use.limit) / use.steady }))
    .toSorted((a, b) => b.peak / b.limit - a.peak / a.limit);
}

const duringReconnects = "during reconnects after an outage";
type Moment = readonly [peak: number, peakWhen: string];
const worst = (...moments: Moment[]): Pick<QuotaUse, "peak" | "peakWhen"> => {
  const [peak = 0, peakWhen = ""] = moments.toSorted(([a], [b]) => b - a)[0] ?? [];
  return { peak, peakWhen };
};

const writesPerPush = (qos: 0 | 1) => qos * billedFor("push to 10 members").writeUnits;
const connectAndHello = ({ roomsPerConnection: rooms }: Scenario) =>
  sumOf(billedFor("connect"), forRooms(rooms, "hello after a reconnect, 1 room", "hello after a reconnect, 3 rooms"));
/** Writes to a room's partition by one reconnect. The connection's row is in another table. */
const roomWritesPerReconnect = (): number => {
  const writesOf = (name: Parameters<typeof billedFor>[0]) => billedFor(name).writeUnits;
  const of = (rooms: "1 room" | "3 rooms") => writesOf(`hello after a reconnect, ${rooms}`);
  return (of("3 rooms") - of("1 room")) / 2 - 1;
};
const wholeReconnect = (scenario: Scenario) =>
  sumOf(connectAndHello(scenario), forRooms(scenario.roomsPerConnection, "disconnect, 1 room", "disconnect, 3 rooms"));

/** Duration of an operation's functions. */
const secondsOf = (name: Parameters<typeof billedFor>[0]) => (billedFor(name).lambdaGbSeconds * 1024) / memoryMb.socket;

function runningOf(scenario: Scenario, load: Load): { lambdas: number; writes: number } {
  const reconnect = wholeReconnect(scenario);
  const pushSeconds = (assumedMs.own + 4 * assumedMs.roundTrip + assumedMs.queueSend + assumedMs.post) / 1000;
  const { postsPerSecond } = scenario;
  const posting = load.posts / postsPerSecond;
  const reconnecting = (reconnect.lambdaGbSeconds * 1024) / memoryMb.socket;
  return {
    lambdas:
      load.reconnects * reconnecting +
      load.acks * secondsOf("ack, 1 room") +
      load.pushes * pushSeconds +
      Math.min(posting, 1) * workersFor(postsPerSecond),
    writes: load.reconnects * reconnect.writeUnits + load.ackedRooms + load.pushes * writesPerPush(scenario.qos),
  };
}

/** New connections a second on average: each connection ends after two hours. */
export const steadyConnects = (connections: number): number => connections / connectionMaxSeconds;
