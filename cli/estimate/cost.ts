import { amount } from "./amounts.ts";
import { isApart, type Load, loadOf, messagesPerFrame, pushedBytes } from "./load.ts";
import { billedFor, forRooms, sumOf, times } from "./operations.ts";
import { type Billed, gigabytePrices, monthlyUsd, objectPrices, prices } from "./prices.ts";
import { everyoneLook, everyonePush, roomLook, roomPush } from "./push-cost.ts";
import { membersOf, type Question } from "./scenario.ts";

const monthSeconds = 30 * 24 * 60 * 60;
/** Of an access log: one line for each frame, handshake, end and request, not for posts. */
export const logLineBytes = 400;
/** Five pollers that wait 20 s each time, whatever happens; of the looks and of the tasks. */
const idleReceives = 2 * 650_000;

/** What something costs in a month, USD. */
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
  /** How often in a month. */
  times: number;
  /** What is counted by `times`, and what is behind the cost. */
  what: string;
  usd: Costs;
}

/** @returns what a month costs, item by item, and all together */
export function costsOf(question: Question, load: Load = loadOf(question)): { items: CostItem[]; total: Costs } {
  const items = itemsOf(question, load);
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
  /** What one of them makes AWS bill. */
  each: Billed;
  /** USD of all of them that `Billed` does not know. */
  others?: number;
}

function itemsOf(question: Question, load: Load): Item[] {
  const { connections, roomsPerConnection: k, qos, everyonePerDay } = question;
  const members = membersOf(question);
  const monthly = (perSecond: number) => perSecond * monthSeconds;
  const reconnect = sumOf(
    billedFor("connect"),
    forRooms(k, "hello, back after a break, 1 room and since", "hello, back after a break, 3 rooms and since"),
    forRooms(k, "disconnect, 1 room", "disconnect, 3 rooms"),
  );
  const roomsPerAck = load.acks === 0 ? 0 : load.ackedRooms / load.acks;
  const looksPerPush = load.pushes === 0 ? 0 : load.looks / load.pushes;
  const posts = monthly(load.posts);
  // Handshake, hello and end; acks; pushes. Heartbeats too: their route has a log like any other.
  const lines = monthly(3 * load.reconnects + load.heartbeats + load.acks + load.pushes + load.everyonePushes);
  const perFrame = messagesPerFrame(question);
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
      what: "a frame and its answer, no Lambda",
      each: billedFor("heartbeat"),
    },
    {
      name: "reconnects",
      count: monthly(load.reconnects),
      what: "each connection every 2 h: end, connect, hello with its rooms",
      each: reconnect,
    },
    {
      name: "pushes to rooms",
      count: monthly(load.pushes),
      what: `to ${amount(members)} members each, ${perFrame} billed message${perFrame > 1 ? "s" : ""} per member`,
      each: roomPush(question, members, looksPerPush),
    },
    {
      name: "pushes to everyone",
      count: monthly(load.everyonePushes),
      what: `${amount(everyonePerDay)} a day, to ${amount(connections)} connections`,
      each: everyonePush(question),
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
            name: "redelivery's looks",
            count: monthly(load.looks + load.everyoneLooks),
            what: "5 s after a push, all members read; all have acked",
            each: looksOf(load, members, connections),
          },
        ]),
    {
      name: "data out",
      count: posts,
      what: `frames of ${amount(pushedBytes(question))} bytes to the internet`,
      each: sumOf({}),
      others: ((posts * pushedBytes(question)) / 1e9) * gigabytePrices.dataOut,
    },
    ...(isApart(question) ? [largePayloads(question, monthly(load.pushes + load.everyonePushes), posts)] : []),
    {
      name: "access logs",
      count: lines,
      what: `lines of ${logLineBytes} bytes: frames of clients, handshakes, requests`,
      each: sumOf({}),
      others: ((lines * logLineBytes) / 1e9) * gigabytePrices.logs,
    },
    {
      name: "queues that are empty",
      count: idleReceives,
      what: "receives that find nothing, whatever happens",
      each: sumOf({ queueRequests: 1 }),
    },
  ];
}

/** Each is put into the bucket once, and fetched by each page that it goes to. */
function largePayloads({ payloadBytes }: Question, pushes: number, posts: number): Item {
  const requests = (pushes * objectPrices.put + posts * objectPrices.get) / 1e6;
  return {
    name: "large payloads",
    count: posts,
    what: `${amount(payloadBytes)} bytes each, kept in S3 once for a push and fetched from there to the internet`,
    each: sumOf({}),
    others: requests + ((posts * payloadBytes) / 1e9) * gigabytePrices.dataOut,
  };
}

function looksOf({ looks, everyoneLooks }: Load, members: number, connections: number): Billed {
  const all = looks + everyoneLooks;
  if (all === 0) return sumOf({});
  return sumOf(times(looks / all, roomLook(members)), times(everyoneLooks / all, everyoneLook(connections)));
}

/** @param month all that is billed: where AWS takes less for more, each item has its share of that */
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

/** @returns USD at the prices of the first tier */
export const usdOf = (billed: Billed): number =>
  Object.entries(billed).reduce((sum, [item, count]) => sum + (count / 1e6) * prices[item as keyof Billed], 0);
