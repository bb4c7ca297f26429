import { fanOut, partsOfEveryone, partsOfRoom, workerPace } from "./architecture.ts";
import { messagesPerFrame, pushedBytes } from "./load.ts";
import { billedFor, type OperationName, sumOf, times, usageOf, withoutPosts } from "./operations.ts";
import { assumedMs, type Billed, billedMs, billedOf, gbSecondsOf, memoryMb } from "./prices.ts";
import type { Question } from "./scenario.ts";

const { inlineMembers } = fanOut;
const largeRoom = { 0: "push at qos 0 to 1,000 members", 1: "push to 1,000 members" } as const;
const everyone = { 0: "push at qos 0 to everyone, 100 pages", 1: "push at qos 1 to everyone, 100 pages" } as const;

const readsOf = (name: OperationName) => billedFor(name).readUnits;
/** Whoever pushes has seen so many, whom the tasks read once more. */
const glimpsed = inlineMembers + 1;
/** Of a member's row, read page by page: the difference that 900 members more make. */
const readsPerMember = (readsOf(largeRoom[0]) - readsOf("push at qos 0 to 100 members")) / (900 + glimpsed);
/** Of a connection's row, a room's or a log's taken off. */
const readsPerConnection = (readsOf(everyone[0]) - 1) / 100;

/**
 * @param members may be a fraction, an average
 * @param looksPerPush how many pushes order a look themselves; the others find it ordered
 * @returns what one push to a room makes AWS bill
 */
export function roomPush(question: Question, members: number, looksPerPush: number): Billed {
  if (members > inlineMembers) return largeRoomPush(question, members, looksPerPush);
  const base =
    question.qos === 0
      ? pushItself("push at qos 0 to 1 member")
      : sumOf(
          times(looksPerPush, pushItself("push to 10 members")),
          times(1 - looksPerPush, pushItself("push to 10 members, a look is ordered already")),
        );
  return sumOf(base, { readUnits: Math.max(0, members - 1) * readsPerMember }, inline(question, members));
}

/** As it was counted for 1,000 members, and what is different about others. */
function largeRoomPush(question: Question, members: number, looksPerPush: number): Billed {
  const name = largeRoom[question.qos];
  const looks =
    question.qos === 0
      ? sumOf({})
      : sumOf(pushItself("push to 10 members, a look is ordered already"), times(-1, pushItself("push to 10 members")));
  return sumOf(
    pushItself(name),
    times(1 - looksPerPush, looks),
    { readUnits: (members - 1_000) * readsPerMember },
    tasks(question, members, partsOfRoom(members, question.postsPerSecond), tasksIn(name)),
  );
}

/** @returns what one push to everyone makes AWS bill */
export function everyonePush(question: Question): Billed {
  const { connections, qos, postsPerSecond } = question;
  const base = sumOf(pushItself(everyone[qos]), { readUnits: (connections - 100) * readsPerConnection });
  if (connections <= inlineMembers) return sumOf(base, inline(question, connections));
  return sumOf(
    base,
    // Into how many parts everyone is divided is noted.
    { readUnits: glimpsed * readsPerConnection, writeUnits: 1 },
    tasks(question, connections, partsOfEveryone(postsPerSecond), 0),
  );
}

/** @returns what one look at a room makes AWS bill when everybody has acked */
export const roomLook = (members: number): Billed =>
  sumOf(billedFor("redelivery's look, all 10 have acked"), { readUnits: Math.max(0, members - 10) * readsPerMember });

/** @returns the same of everyone */
export const everyoneLook = (connections: number): Billed =>
  sumOf(billedFor("redelivery's look, all 10 have acked"), { readUnits: connections * readsPerConnection });

const noRun = { name: "push", roundTrips: 0, posts: 0, orders: 0 } as const;
const pushItself = (name: OperationName) => billedOf(withoutPosts(usageOf(name)));

/** Posts of the push Lambda itself, which take time of its own. */
function inline(question: Question, members: number): Billed {
  const posting = billedMs({ ...noRun, posts: Math.ceil(members) }) - billedMs(noRun);
  return sumOf({
    messages: members * messagesPerFrame(question),
    lambdaGbSeconds: gbSecondsOf(posting / 1000, memoryMb.push),
  });
}

/** How many fan-out tasks an operation had when it was counted. */
export const tasksIn = (name: OperationName): number =>
  usageOf(name).invocations.filter((run) => run.name === "fanOut").length;

/**
 * Posts at the workers' pace, and the tasks that have to be ordered, taken and noted for them.
 *
 * @param counted so many tasks, each of one run of no duration, are paid for already
 */
function tasks(question: Question, posts: number, count: number, counted: number): Billed {
  const seconds = posts / count / workerPace(question.postsPerSecond);
  const handedOn = count * (Math.ceil(Math.max(seconds, 1e-9) / fanOut.roundSeconds) - 1);
  const pieces = Math.ceil((pushedBytes(question) + fanOut.orderBytes) / (64 * 1024));
  return sumOf(
    times(count - counted, aRun(question, pieces, pieces / fanOut.tasksPerSend)),
    times(handedOn, aRun(question, pieces, pieces)),
    {
      messages: posts * messagesPerFrame(question),
      lambdaGbSeconds: gbSecondsOf(count * seconds, memoryMb.fanOut),
      writeUnits: count * Math.floor(seconds * fanOut.notesPerSecond) + handedOn * fanOut.moreWritesHandedOn,
    },
  );
}

/** A run of a worker without its posts: the rows of its task, of its room and of what is in the log around the message. */
function aRun({ qos }: Question, pieces: number, sends: number): Billed {
  const { own, roundTrip } = assumedMs;
  const received = pieces + fanOut.queueRequestsPerRun - 1;
  return sumOf({
    lambdaRequests: 1,
    lambdaGbSeconds: gbSecondsOf((own + (4 + 2 * qos) * roundTrip) / 1000, memoryMb.fanOut),
    readUnits: 1 + 2 * qos,
    writeUnits: fanOut.writesPerRun,
    queueRequests: sends + received,
  });
}

/** 1 M deliveries at `qos` 0 in rooms of 1,000: the goal is 1.1. @returns all of it to the messages alone */
export function stormRatio(question: Question, usdOf: (billed: Billed) => number): number {
  const small = { ...question, qos: 0, payloadBytes: 200 } as const;
  const billed = times(1_000, roomPush(small, 1_000, 0));
  return usdOf(billed) / usdOf(sumOf({ messages: billed.messages }));
}
