import { ackWithinSeconds, aws, lifeSeconds, workersFor } from "./architecture.ts";
import { type Load, loadOf } from "./load.ts";
import { billedFor, forRooms, sumOf } from "./operations.ts";
import { assumedMs, memoryMb } from "./prices.ts";
import { membersOf, type Question } from "./scenario.ts";
import { reconnectRate } from "./reconnect-model.ts";
import { isInline, systemOf } from "./system.ts";
import { offeredRequests } from "./time-model.ts";

/** How much of something that is limited is used, in the unit of its limit. */
export interface QuotaUse {
  name: string;
  limit: number;
  /** All day long, on average. */
  steady: number;
  /** In the worst moment. */
  peak: number;
  /** Which moment that is. */
  peakWhen: string;
  /** So many connections that do as much each would use it up on an average day. */
  fullAtConnections: number;
}

/** @returns what is limited, the fullest first */
export function quotasOf(question: Question, load: Load = loadOf(question)): QuotaUse[] {
  const { connections, requestsPerSecond, connectsPerSecond, postsPerSecond, socketRateLimit, rooms, qos } = question;
  const system = systemOf(question, load);
  // The busiest second: a small push is over in less.
  const pace = Math.min(postsPerSecond, question.everyonePerDay > 0 ? connections : membersOf(question));
  const queued = load.posts - (isInline(question) ? load.pushes * membersOf(question) : 0);
  const isFannedOut = queued > 0;
  const fanningOut = isFannedOut ? "while a large push goes out" : "on average";
  const wave = Math.min(connections, reconnectRate(system));
  const { lambdas, writes } = runningOf(question, load);
  const members = membersOf(question);
  const oneRoom = (load.pushes * writesPerPush(qos) + load.ackedRooms) / rooms;
  // Every function that takes acks knows everyone's row for a second.
  const ackingAtOnce = (perSecond: number) => qos * perSecond * Math.min(1, secondsOf("ack, 1 room"));
  const uses: Omit<QuotaUse, "fullAtConnections">[] = [
    {
      name: "API Gateway: requests a second",
      limit: requestsPerSecond,
      steady: load.requests,
      peak: isFannedOut ? Math.max(load.requests, offeredRequests(system, pace)) : load.requests,
      peakWhen: fanningOut,
    },
    {
      name: "API Gateway: new connections a second",
      limit: connectsPerSecond,
      steady: load.reconnects,
      // The wave takes all that there is, however large it is: how long, tells the time to come back.
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
      ...worst([load.frames + (isFannedOut ? qos * pace : 0), fanningOut], [load.frames + 2 * wave, back]),
    },
    {
      name: "Lambda: functions at once",
      limit: aws.lambdaConcurrency,
      steady: lambdas,
      ...worst(
        [lambdas + (isFannedOut ? workersFor(postsPerSecond) + qos * pace * secondsOf("ack, 1 room") : 0), fanningOut],
        [lambdas + (wave * comingBack(question).lambdaGbSeconds * 1024) / memoryMb.socket, back],
      ),
    },
    {
      name: "DynamoDB: writes a second to a table",
      limit: aws.tableWrites,
      steady: writes,
      ...worst(
        [writes + (isFannedOut ? qos * pace * billedFor("ack, 1 room").writeUnits : 0), fanningOut],
        [writes + wave * comingBack(question).writeUnits, back],
      ),
    },
    {
      name: "DynamoDB: writes a second to one room",
      limit: aws.partitionWrites,
      steady: oneRoom,
      ...worst(
        [oneRoom, "on average"],
        [writesPerPush(qos) + (qos * members) / Math.max(1, ackWithinSeconds(members)), "while a push is acked"],
        [(wave * members * backInRoom()) / connections, back],
      ),
    },
    {
      name: "DynamoDB: reads a second of everyone's row",
      limit: aws.partitionReads,
      steady: load.reconnects + ackingAtOnce(load.acks),
      ...worst(
        [load.reconnects + ackingAtOnce(load.acks + (isFannedOut ? pace : 0)), fanningOut],
        [load.reconnects + ackingAtOnce(load.acks) + wave, back],
      ),
    },
  ];
  return uses
    .map((use) => ({ ...use, fullAtConnections: use.steady === 0 ? Infinity : (connections * use.limit) / use.steady }))
    .toSorted((a, b) => b.peak / b.limit - a.peak / a.limit);
}

const back = "while all come back after an outage";
type Moment = readonly [peak: number, peakWhen: string];
const worst = (...moments: Moment[]): Pick<QuotaUse, "peak" | "peakWhen"> => {
  const [peak = 0, peakWhen = ""] = moments.toSorted(([a], [b]) => b - a)[0] ?? [];
  return { peak, peakWhen };
};

const writesPerPush = (qos: 0 | 1) => qos * billedFor("push to 10 members").writeUnits;
const comingBack = ({ roomsPerConnection: rooms }: Question) =>
  sumOf(
    billedFor("connect"),
    forRooms(rooms, "hello, back after a break, 1 room and since", "hello, back after a break, 3 rooms and since"),
  );
/** Writes under a room's key of somebody who comes back; that the connection is in it is noted elsewhere. */
const backInRoom = (): number => {
  const writesOf = (name: Parameters<typeof billedFor>[0]) => billedFor(name).writeUnits;
  const of = (rooms: "1 room" | "3 rooms") => writesOf(`hello, back after a break, ${rooms} and since`);
  return (of("3 rooms") - of("1 room")) / 2 - 1;
};
const reconnectOf = (question: Question) =>
  sumOf(comingBack(question), forRooms(question.roomsPerConnection, "disconnect, 1 room", "disconnect, 3 rooms"));

/** How long its functions run. */
const secondsOf = (name: Parameters<typeof billedFor>[0]) => (billedFor(name).lambdaGbSeconds * 1024) / memoryMb.socket;

function runningOf(question: Question, load: Load): { lambdas: number; writes: number } {
  const reconnect = reconnectOf(question);
  const pushSeconds = (assumedMs.own + 4 * assumedMs.roundTrip + assumedMs.order + assumedMs.post) / 1000;
  const { postsPerSecond } = question;
  const posting = load.posts / postsPerSecond;
  const reconnecting = (reconnect.lambdaGbSeconds * 1024) / memoryMb.socket;
  return {
    lambdas:
      load.reconnects * reconnecting +
      load.acks * secondsOf("ack, 1 room") +
      load.pushes * pushSeconds +
      Math.min(posting, 1) * workersFor(postsPerSecond),
    writes: load.reconnects * reconnect.writeUnits + load.ackedRooms + load.pushes * writesPerPush(question.qos),
  };
}

/** Of handshakes alone, whatever the wave: each connection ends after two hours. */
export const steadyConnects = (connections: number): number => connections / lifeSeconds;
