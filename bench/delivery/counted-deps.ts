import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { Invocation } from "../../cli/estimate/usage.ts";
import { connectionsIn } from "../../lambdas/adapters/connections-table.ts";
import { cursorsIn } from "../../lambdas/adapters/cursors-table.ts";
import { lookQueue } from "../../lambdas/adapters/look-queue.ts";
import { membersIn } from "../../lambdas/adapters/members-table.ts";
import { logIn } from "../../lambdas/adapters/messages-table.ts";
import { pushesIn } from "../../lambdas/adapters/pushes-table.ts";
import { roomsIn } from "../../lambdas/adapters/rooms-table.ts";
import { tableOf } from "../../lambdas/adapters/table.ts";
import { tasksIn } from "../../lambdas/adapters/tasks-table.ts";
import type { Deps, Gateway, Look } from "../../lambdas/domain/ports.ts";
import type { ServerFrame } from "../../protocol/frames.ts";
import type { Meter } from "./meter.ts";

const day = 24 * 60 * 60 * 1000;

/** What lies behind the adapters. */
export interface Behind {
  readonly client: DynamoDBClient;
  readonly meter: Meter;
  /** Connections that are there, with what they do about a frame. */
  readonly lines: Map<string, (frame: ServerFrame) => void>;
  /** Orders to look at a room that nobody has taken yet. */
  readonly looks: Look[];
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
    cursors: cursorsIn(rooms, now),
    log: logIn(tableOf(dynamo, "Messages"), now, day),
    pushes: pushesIn(rooms, now),
    tasks: tasksIn(rooms, now),
    orderTasks: async (tasks) => {
      if (tasks.length > 0) throw new Error("a room of this benchmark is posted to at once, it should need no task");
    },
    fanOut: { postsPerSecond: 5_000, workers: 5 },
    gateway: gatewayOf(behind, invocation),
    scheduleLook: lookQueue(queueOf(behind, invocation), "https://sqs.us-east-1.amazonaws.com/123456789012/looks"),
    redeliverAfterMs: 5_000,
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

function queueOf({ meter, looks }: Behind, invocation: Invocation): SQSClient {
  const send = async ({ input }: SendMessageCommand) => {
    invocation.orders += 1;
    meter.count("queueRequests");
    looks.push(JSON.parse(input.MessageBody ?? ""));
  };
  return { send: send as unknown } as SQSClient;
}
