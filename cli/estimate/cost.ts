import { amount } from "./amounts.ts";
import { isLargePayload, type Load, loadOf, messagesPerFrame, pushedBytes } from "./load.ts";
import { billedFor, forRooms, sumOf, times } from "./operations.ts";
import { type Billed, gigabytePrices, monthlyUsd, objectPrices } from "./prices.ts";
import { everyoneAckCheck, everyonePush, roomAckCheck, roomPush } from "./push-cost.ts";
import { membersOf, type Scenario } from "./scenario.ts";

const monthSeconds = 30 * 24 * 60 * 60;
/** One line of an access log. Frames, handshakes, disconnects and requests are logged; posts are not. */
export const logLineBytes = 400;
/** Receives a month of the two queues while they are empty: each mapping polls with 5 pollers that wait 20 s. */
const idleReceives = 2 * 650_000;

/** Cost of one month by AWS service, USD. */
export interface Costs {
  messages: number;
  minutes: number;
  rest: number;
  lambda: number;
  dynamo: number;
  queues: number;
  others: number;
  total: number;
}
export interface CostItem {
  name: string;
  /** Count in a month. */
  times: number;
  /** What `times` counts, and what causes the cost. */
  what: string;
  usd: Costs;
}

/** @returns the cost of a month by item, and the total */
export function costsOf(scenario: Scenario, load: Load = loadOf(scenario)): { items: CostItem[]; total: Costs } {
  const items = itemsOf(scenario, load);
  const month = sumOf(...items.map(({ count, each }) => times(count, each)));
  const priced = items.map(({ name, count, what, each, others = 0 }) => {
    return { name, times: count, what, usd: priceOf(times(count, each), month, others) };
  });
  return { items: priced, total: addUp(priced.map(({ usd }) => usd)) };
}

interface Item {
  name: string;
  count: number;
  what: string;
  /** Billed units of one. */
  each: Billed;
  /** USD of all of them for services that `Billed` does not include. */
  others?: number;
}

function itemsOf(scenario: Scenario, load: Load): Item[] {
  const { connections, roomsPerConnection: k, qos, everyonePerDay } = scenario;
  const members = membersOf(scenario);
  const monthly = (perSecond: number) => perSecond * monthSeconds;
  const reconnect = sumOf(
    billedFor("connect"),
    forRooms(k, "hello after a reconnect, 1 room", "hello after a reconnect, 3 rooms"),
    forRooms(k, "disconnect, 1 room", "disconnect, 3 rooms"),
  );
  const roomsPerAck = load.acks === 0 ? 0 : load.ackedRooms / load.acks;
  const ackChecksPerPush = load.pushes === 0 ? 0 : load.ackChecks / load.pushes;
  const posts = monthly(load.posts);
  // A reconnect logs a handshake, a hello and a disconnect. The heartbeat route logs like any other.
  const lines = monthly(3 * load.reconnects + load.heartbeats + load.acks + load.pushes + load.everyonePushes);
  const perFrame = messagesPerFrame(scenario);
  return [
    {
      name: "connections kept open",
      count: connections,
      what: "minutes of connection, 43,200 each",
      each: sumOf({ connectionMinutes: monthSeconds / 60 }),
    },
    {
      name: "heartbeats",
      count: monthly(load.heartbeats),
      what: "a frame and its response, no Lambda",
      each: billedFor("heartbeat"),
    },
    {
      name: "reconnects",
      count: monthly(load.reconnects),
      what: "each connection every 2 h: disconnect, connect, hello with its rooms",
      each: reconnect,
    },
    {
      name: "pushes to rooms",
      count: monthly(load.pushes),
      what: `to ${amount(members)} members each, ${perFrame} billed message${perFrame > 1 ? "s" : ""} per member`,
      each: roomPush(scenario, members, ackChecksPerPush),
    },
    {
      name: "pushes to everyone",
      count: monthly(load.everyonePushes),
      what: `${amount(everyonePerDay)} a day, to ${amount(connections)} connections`,
      each: everyonePush(scenario),
    },
    ...(qos === 0
      ? []
      : [
          {
            name: "acks",
            count: monthly(load.acks),
            what: "a frame, a Lambda and a conditional write per room",
            each: forRooms(roomsPerAck, "ack, 1 room", "ack, 3 rooms"),
          },
          {
            name: "ack checks",
            count: monthly(load.ackChecks + load.everyoneAckChecks),
            what: "5 s after a push: reads all members, who have acked",
            each: ackChecksOf(load, members, connections),
          },
        ]),
    {
      name: "data out",
      count: posts,
      what: `frames of ${amount(pushedBytes(scenario))} bytes to the internet`,
      each: sumOf({}),
      others: ((posts * pushedBytes(scenario)) / 1e9) * gigabytePrices.dataOut,
    },
    ...(isLargePayload(scenario) ? [largePayloads(scenario, monthly(load.pushes + load.everyonePushes), posts)] : []),
    {
      name: "access logs",
      count: lines,
      what: `lines of ${logLineBytes} bytes: client frames, handshakes, requests`,
      each: sumOf({}),
      others: ((lines * logLineBytes) / 1e9) * gigabytePrices.logs,
    },
    {
      name: "empty receives",
      count: idleReceives,
      what: "polls of empty queues, independent of the load",
      each: sumOf({ queueRequests: 1 }),
    },
  ];
}

/** A large payload is stored once per push and fetched by each page that receives it. */
function largePayloads({ payloadBytes }: Scenario, pushes: number, posts: number): Item {
  const requests = (pushes * objectPrices.put + posts * objectPrices.get) / 1e6;
  return {
    name: "large payloads",
    count: posts,
    what: `${amount(payloadBytes)} bytes each, stored in S3 once per push and fetched by each page`,
    each: sumOf({}),
    others: requests + ((posts * payloadBytes) / 1e9) * gigabytePrices.dataOut,
  };
}

function ackChecksOf({ ackChecks, everyoneAckChecks }: Load, members: number, connections: number): Billed {
  const all = ackChecks + everyoneAckChecks;
  if (all === 0) return sumOf({});
  return sumOf(
    times(ackChecks / all, roomAckCheck(members)),
    times(everyoneAckChecks / all, everyoneAckCheck(connections)),
  );
}

/** @param month everything billed in the month; each item gets its share of the volume discount */
function priceOf(billed: Billed, month: Billed, others: number): Costs {
  const usd = (item: keyof Billed) =>
    month[item] === 0 ? 0 : monthlyUsd(item, month[item]) * (billed[item] / month[item]);
  return withTotal({
    messages: usd("messages"),
    minutes: usd("connectionMinutes"),
    rest: usd("requests"),
    lambda: usd("lambdaRequests") + usd("lambdaGbSeconds"),
    dynamo: usd("readUnits") + usd("writeUnits"),
    queues: usd("queueRequests"),
    others,
  });
}

const withTotal = (parts: Omit<Costs, "total">): Costs => ({
  ...parts,
  total: Object.values(parts).reduce((sum, usd) => sum + usd, 0),
});

const addUp = (all: readonly Costs[]): Costs => {
  const of = (key: keyof Costs) => all.reduce((sum, usd) => sum + usd[key], 0);
  const [messages, minutes, rest, lambda] = [of("messages"), of("minutes"), of("rest"), of("lambda")];
  return withTotal({
    messages,
    minutes,
    rest,
    lambda,
    dynamo: of("dynamo"),
    queues: of("queues"),
    others: of("others"),
  });
};
