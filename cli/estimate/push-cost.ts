import { inlineMembers } from "../../lambdas/domain/model/room-size.ts";
import {
  partsOfEveryone,
  partsOfRoom,
  progressWritesPerSecond,
  taskBudgetSeconds,
  taskRun,
  workerRate,
} from "./architecture.ts";
import { messagesPerFrame, pushedBytes } from "./load.ts";
import { billedFor, type OperationName, sumOf, times, usageOf, withoutPosts } from "./operations.ts";
import { assumedMs, type Billed, billedMs, billedOf, gbSecondsOf, memoryMb, usdOf } from "./prices.ts";
import type { Scenario } from "./scenario.ts";

const largeRoom = { 0: "push at qos 0 to 1,000 members", 1: "push to 1,000 members" } as const;
const everyone = {
  0: "push at qos 0 to everyone, 100 connections",
  1: "push at qos 1 to everyone, 100 connections",
} as const;

const readsOf = (name: OperationName) => billedFor(name).readUnits;
/** Members that the push function of a large room has already read. The fan-out tasks read them again. */
const readByPush = inlineMembers + 1;
/** Read units of one member's row, read in pages: from the difference between 100 and 1,000 members. */
const readsPerMember = (readsOf(largeRoom[0]) - readsOf("push at qos 0 to 100 members")) / (900 + readByPush);
/** Read units of one connection's row, without those of the room's row. */
const readsPerConnection = (readsOf(everyone[0]) - 1) / 100;

/**
 * Billed units of one push to a room.
 *
 * @param members an average, may be a fraction
 * @param ackChecksPerPush share of the pushes that schedule an ack check; the others find it already scheduled
 */
export function roomPush(scenario: Scenario, members: number, ackChecksPerPush: number): Billed {
  if (members > inlineMembers) return largeRoomPush(scenario, members, ackChecksPerPush);
  const base =
    scenario.qos === 0
      ? pushItself("push at qos 0 to 1 member")
      : sumOf(
          times(ackChecksPerPush, pushItself("push to 10 members")),
          times(1 - ackChecksPerPush, pushItself("push to 10 members, ack check already scheduled")),
        );
  return sumOf(base, { readUnits: Math.max(0, members - 1) * readsPerMember }, inline(scenario, members));
}

/** From the counts for 1,000 members, and the difference to other numbers of members. */
function largeRoomPush(scenario: Scenario, members: number, ackChecksPerPush: number): Billed {
  const name = largeRoom[scenario.qos];
  const ackChecks =
    scenario.qos === 0
      ? sumOf({})
      : sumOf(
          pushItself("push to 10 members, ack check already scheduled"),
          times(-1, pushItself("push to 10 members")),
        );
  return sumOf(
    pushItself(name),
    times(1 - ackChecksPerPush, ackChecks),
    { readUnits: (members - 1_000) * readsPerMember },
    tasks(scenario, members, partsOfRoom(members, scenario.postsPerSecond), tasksIn(name)),
  );
}

/** Billed units of one push to everyone. */
export function everyonePush(scenario: Scenario): Billed {
  const { connections, qos, postsPerSecond } = scenario;
  const base = sumOf(pushItself(everyone[qos]), { readUnits: (connections - 100) * readsPerConnection });
  if (connections <= inlineMembers) return sumOf(base, inline(scenario, connections));
  return sumOf(
    base,
    // The number of parts is recorded.
    { readUnits: readByPush * readsPerConnection, writeUnits: 1 },
    tasks(scenario, connections, partsOfEveryone(postsPerSecond), 0),
  );
}

/** Billed units of an ack check of a room whose members have all acked. */
export const roomAckCheck = (members: number): Billed =>
  sumOf(billedFor("ack check, 10 members, all acked"), { readUnits: Math.max(0, members - 10) * readsPerMember });

/** Billed units of an ack check of everyone's room whose members have all acked. */
export const everyoneAckCheck = (connections: number): Billed =>
  sumOf(billedFor("ack check, 10 members, all acked"), { readUnits: connections * readsPerConnection });

const noRun = { name: "push", roundTrips: 0, posts: 0, queueSends: 0 } as const;
const pushItself = (name: OperationName) => billedOf(withoutPosts(usageOf(name)));

/** Posts made by the push function. */
function inline(scenario: Scenario, members: number): Billed {
  const posting = billedMs({ ...noRun, posts: Math.ceil(members) }) - billedMs(noRun);
  return sumOf({
    messages: members * messagesPerFrame(scenario),
    lambdaGbSeconds: gbSecondsOf(posting / 1000, memoryMb.push),
  });
}

/** Number of fan-out tasks of a counted operation. */
export const tasksIn = (name: OperationName): number =>
  usageOf(name).invocations.filter((run) => run.name === "fanOut").length;

/**
 * Posts at the workers' rate, and the tasks that make them.
 *
 * @param counted number of tasks that the counts already include, each with one run of no duration
 */
function tasks(scenario: Scenario, posts: number, count: number, counted: number): Billed {
  const seconds = posts / count / workerRate(scenario.postsPerSecond);
  const continuations = count * (Math.ceil(Math.max(seconds, 1e-9) / taskBudgetSeconds) - 1);
  // SQS bills each started 64 KB as a request.
  const chunks = Math.ceil((pushedBytes(scenario) + taskRun.bytes) / (64 * 1024));
  return sumOf(
    times(count - counted, aRun(scenario, chunks, chunks / taskRun.tasksPerSend)),
    times(continuations, aRun(scenario, chunks, chunks)),
    {
      messages: posts * messagesPerFrame(scenario),
      lambdaGbSeconds: gbSecondsOf(count * seconds, memoryMb.fanOut),
      writeUnits: count * Math.floor(seconds * progressWritesPerSecond) + continuations * taskRun.continuationWrites,
    },
  );
}

/** One run of a worker without its posts. It reads the task, the room and the log around the message. */
function aRun({ qos }: Scenario, chunks: number, sends: number): Billed {
  const { own, roundTrip } = assumedMs;
  const received = chunks + taskRun.queueRequests - 1;
  return sumOf({
    lambdaRequests: 1,
    lambdaGbSeconds: gbSecondsOf((own + (4 + 2 * qos) * roundTrip) / 1000, memoryMb.fanOut),
    readUnits: 1 + 2 * qos,
    writeUnits: taskRun.writes,
    queueRequests: sends + received,
  });
}

/** @returns cost of deliveries to rooms of 1,000 at `qos` 0, divided by the price of their messages; the budget is 1.1 */
export function deliveryCostRatio(scenario: Scenario): number {
  const small = { ...scenario, qos: 0, payloadBytes: 200 } as const;
  const billed = times(1_000, roomPush(small, 1_000, 0));
  return usdOf(billed) / usdOf(sumOf({ messages: billed.messages }));
}
