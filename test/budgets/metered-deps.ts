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

/** All messages fit into frames. */
const payloads: Deps["payloads"] = {
  put: () => Promise.reject(new Error("a message of an operation is too large for a frame")),
  urlOf: () => "",
};

/** The services that the adapters call. */
export interface Environment {
  readonly client: DynamoDBClient;
  readonly meter: Meter;
  /** Receivers of open connections, by connection id. */
  readonly connections: Map<string, (frame: ServerFrame) => void>;
  /** Scheduled ack checks. */
  readonly checks: AckCheck[];
  /** Bodies in the fan-out queue. */
  readonly tasks: string[];
  readonly nowMs: number;
  newId(): string;
}

/** The dependencies of one invocation: the deployed adapters, with counted calls. */
export function meteredDeps(environment: Environment, invocation: Invocation): Deps {
  const { client, meter } = environment;
  const now = () => environment.nowMs;
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
      taskQueueOf(environment, invocation),
      "https://sqs.us-east-1.amazonaws.com/123456789012/tasks",
    ),
    fanOut: { postsPerSecond, workers: workersFor(postsPerSecond) },
    gateway: gatewayOf(environment, invocation),
    logError: (_, error) => {
      throw error;
    },
    scheduleAckCheck: ackCheckQueue(
      queueOf(environment, invocation),
      "https://sqs.us-east-1.amazonaws.com/123456789012/ack-checks",
    ),
    redeliverAfterMs: 5_000,
    // As in a new execution environment, whose cache is empty.
    roomCache: makeRoomCache(1),
    now,
    wait: meter.pause,
    random: () => 0,
    newId: () => environment.newId(),
  };
}

function gatewayOf({ meter, connections }: Environment, invocation: Invocation): Gateway {
  return {
    async post(connectionId, text) {
      invocation.roundTripsToPost ??= invocation.roundTrips;
      invocation.posts += 1;
      const receive = connections.get(connectionId);
      if (!receive) return "gone";
      meter.countFrame(text);
      receive(JSON.parse(text));
      return "sent";
    },
    isOpen: async (connectionId) => connections.has(connectionId),
  };
}

function queueOf({ meter, checks }: Environment, invocation: Invocation): SQSClient {
  const send = async ({ input }: SendMessageCommand) => {
    invocation.queueSends += 1;
    meter.count("queueRequests");
    checks.push(JSON.parse(input.MessageBody ?? ""));
  };
  return { send: send as unknown } as SQSClient;
}

function taskQueueOf({ meter, tasks }: Environment, invocation: Invocation): SQSClient {
  const send = async ({ input: { Entries = [] } }: SendMessageBatchCommand) => {
    invocation.queueSends += 1;
    meter.count("queueRequests");
    tasks.push(...Entries.map(({ MessageBody = "" }) => MessageBody));
    return {};
  };
  return { send: send as unknown } as SQSClient;
}
