import { fanOut, tasksOf, workerPace } from "./architecture.ts";
import { messagesPerFrame, pushedBytes } from "./load.ts";
import { billedFor, type OperationName, sumOf, times, usageOf, withoutPosts } from "./operations.ts";
import { assumedMs, type Billed, billedMs, billedOf, gbSecondsOf, memoryMb } from "./prices.ts";
import type { Question } from "./question.ts";

const readsOf = (name: OperationName) => billedFor(name).readUnits;
/** Of a member's row: the difference that 900 members more make. */
const readsPerMember = (readsOf("push at qos 0 to 1,000 members") - readsOf("push at qos 0 to 100 members")) / 900;
const everyone = { 0: "push at qos 0 to everyone, 100 pages", 1: "push at qos 1 to everyone, 100 pages" } as const;
/** Of a connection's row, a room's or a log's taken off. */
const readsPerConnection = (readsOf(everyone[0]) - 1) / 100;

/**
 * @param members may be a fraction, an average
 * @param looksPerPush how many pushes order a look themselves; the others find it ordered
 * @returns what one push to a room makes AWS bill
 */
export function roomPush(question: Question, members: number, looksPerPush: number): Billed {
  const base =
    question.qos === 0
      ? pushItself("push at qos 0 to 1 member")
      : sumOf(
          times(looksPerPush, pushItself("push to 10 members")),
          times(1 - looksPerPush, pushItself("push to 10 members, a look is ordered already")),
        );
  const reads = Math.max(0, members - 1) * readsPerMember;
  if (members > fanOut.inlineMembers) {
    return sumOf(base, { readUnits: reads }, tasks(question, members, tasksOf(members, question.workers)));
  }
  // What is posted inline takes time of the push itself.
  const { push } = memoryMb;
  const posting = billedMs({ ...noRun, posts: Math.ceil(members) }) - billedMs(noRun);
  const messages = members * messagesPerFrame(question);
  return sumOf(base, { readUnits: reads, messages, lambdaGbSeconds: gbSecondsOf(posting / 1000, push) });
}

/** @returns what one push to everyone makes AWS bill */
export function everyonePush(question: Question): Billed {
  const { connections } = question;
  const base = pushItself(everyone[question.qos]);
  const reads = (connections - 100) * readsPerConnection;
  return sumOf(base, { readUnits: reads }, tasks(question, connections, fanOut.segments));
}

/** @returns what one look at a room makes AWS bill when everybody has acked */
export const roomLook = (members: number): Billed =>
  sumOf(billedFor("redelivery's look, all 10 have acked"), { readUnits: Math.max(0, members - 10) * readsPerMember });

/** @returns the same of everyone */
export const everyoneLook = (connections: number): Billed =>
  sumOf(billedFor("redelivery's look, all 10 have acked"), { readUnits: connections * readsPerConnection });

const noRun = { name: "push", roundTrips: 0, posts: 0, orders: 0 } as const;
const pushItself = (name: OperationName) => billedOf(withoutPosts(usageOf(name)));

/** Not counted yet but designed: orders, workers that post at their pace, notes of how far they are. */
function tasks(question: Question, posts: number, count: number): Billed {
  const { own, roundTrip, order } = assumedMs;
  const seconds = posts / count / workerPace(question);
  const runs = count * Math.ceil(Math.max(seconds, 1e-9) / fanOut.handOnSeconds);
  const pieces = Math.ceil((pushedBytes(question) + fanOut.orderBytes) / (64 * 1024));
  const busySeconds = count * seconds + (runs * (own + 2 * roundTrip)) / 1000 + order / 1000;
  return sumOf({
    messages: posts * messagesPerFrame(question),
    lambdaRequests: runs,
    lambdaGbSeconds: gbSecondsOf(busySeconds, fanOut.memoryMb),
    writeUnits: runs + count * Math.floor(seconds * fanOut.notesPerSecond),
    queueRequests: runs * fanOut.queueRequests * pieces,
  });
}

/** 1 M deliveries at `qos` 0 in rooms of 1,000: the goal is 1.1. @returns all of it to the messages alone */
export function stormRatio(question: Question, usdOf: (billed: Billed) => number): number {
  const small = { ...question, qos: 0, payloadBytes: 200 } as const;
  const billed = times(1_000, roomPush(small, 1_000, 0));
  return usdOf(billed) / usdOf(sumOf({ messages: billed.messages }));
}
