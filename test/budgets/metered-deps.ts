import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { SendMessageBatchCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { workersFor } from "../../cli/estimate/architecture.ts";
import { defaults } from "../../cli/estimate/scenario.ts";
import type { Invocation } from "../../cli/estimate/usage.ts";
import { connectionsIn } from "../../lambdas/adapters/dynamodb/connections.ts";
import { membersIn } from "../../lambdas/adapters/dynamodb/members.ts";
import { logIn } from "../../lambdas/adapters/dynamodb/messages.ts";
import { pushesIn } from "../../lambdas/adapters/dynamodb/pushes.ts";
import { resumePointsIn } from "../../lambdas/adapters/dynamodb/resume-points.ts";
import { roomsIn } from "../../lambdas/adapters/dynamodb/rooms.ts";
import { tableOf } from "../../lambdas/adapters/dynamodb/table.ts";
import { tasksIn } from "../../lambdas/adapters/dynamodb/tasks.ts";
import { unackedRangesIn } from "../../lambdas/adapters/dynamodb/unacked-ranges.ts";
import { ackCheckQueue } from "../../lambdas/adapters/sqs/ack-check-queue.ts";
import { fanOutQueue } from "../../lambdas/adapters/sqs/fan-out-queue.ts";
import { makeRoomCache } from "../../lambdas/domain/delivery/room-cache.ts";
import type { AckCheck } from "../../lambdas/domain/model/ack-check.ts";
import type { Deps } from "../../lambdas/domain/model/deps.ts";
import type { Gateway } from "../../lambdas/domain/model/gateway.ts";
import type { ServerFrame } from "../../protocol/frames.ts";
import type { Meter } from "./meter.ts";

const { postsPerSecond } = defaults;
const day = 24 * 60 * 60 * 1000;

/** What is measured here fits into frames. */
const payloads: Deps["payloads"] = {
  put: () => Promise.reject(new Error("a benchmark of small messages pushed a large one")),
  urlOf: () => "",
};

/** What lies behind the adapters. */
export interface Behind {
  readonly client: DynamoDBClient;
  readonly meter: Meter;
  /** Connections that are there, with what they do about a frame. */
  readonly lines: Map<string, (frame: ServerFrame) => void>;
  /** Orders to look at a room that nobody has taken yet. */
  readonly checks: AckCheck[];
  /** Orders to post to a part of a room, as they lie in the queue. */
  readonly tasks: string[];
  readonly nowMs: number;
  newId(): string;
}

/** What one run of a function works with: the real adapters over what is played, whose calls are counted. */
export function countedDeps(behind: Behind, invocation: Invocation): Deps {
  const { client, meter } = behind;
  const now = () => behind.nowMs;
  const dynamo = meter.dynamoOf(client, invocation);
  const connections = tableOf(dynamo, "Connections");
  const rooms = tableOf(dynamo, "Rooms");
  return {
    connections: connectionsIn(connections, now),
    rooms: roomsIn(rooms, now, () => "k3f9x2a"),
    members: membersIn(rooms, connections, now),
    resumePoints: resumePointsIn(rooms, now),
    unackedRanges: unackedRangesIn(rooms, now),
    log: logIn(tableOf(dynamo, "Messages"), now, day),
    payloads,
    pushes: pushesIn(rooms, now),
    tasks: tasksIn(rooms, now),
    enqueueTasks: fanOutQueue(
      taskQueueOf(behind, invocation),
      "https://sqs.us-east-1.amazonaws.com/123456789012/tasks",
    ),
    fanOut: { postsPerSecond, workers: workersFor(postsPerSecond) },
    gateway: gatewayOf(behind, invocation),
    logError: (_, error) => {
      throw error;
    },
    scheduleAckCheck: ackCheckQueue(
      queueOf(behind, invocation),
      "https://sqs.us-east-1.amazonaws.com/123456789012/ack-checks",
    ),
    redeliverAfterMs: 5_000,
    // Of an execution environment that has just begun: what it has not read yet, it reads.
    roomCache: makeRoomCache(1),
    now,
    wait: meter.pause,
    random: () => 0,
    newId: () => behind.newId(),
  };
}

function gatewayOf({ meter, lines }: Behind, invocation: Invocation): Gateway {
  return {
    async post(connectionId, text) {
      invocation.roundTripsToPost ??= invocation.roundTrips;
      invocation.posts += 1;
      const receive = lines.get(connectionId);
      if (!receive) return "gone";
      meter.carry(text);
      receive(JSON.parse(text));
      return "sent";
    },
    isOpen: async (connectionId) => lines.has(connectionId),
  };
}

function queueOf({ meter, checks }: Behind, invocation: Invocation): SQSClient {
  const send = async ({ input }: SendMessageCommand) => {
    invocation.orders += 1;
    meter.count("queueRequests");
    checks.push(JSON.parse(input.MessageBody ?? ""));
  };
  return { send: send as unknown } as SQSClient;
}

function taskQueueOf({ meter, tasks }: Behind, invocation: Invocation): SQSClient {
  const send = async ({ input: { Entries = [] } }: SendMessageBatchCommand) => {
    invocation.orders += 1;
    meter.count("queueRequests");
    tasks.push(...Entries.map(({ MessageBody = "" }) => MessageBody));
    return {};
  };
  return { send: send as unknown } as SQSClient;
}
