import { type ApiGatewayManagementApiClient, PostToConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { connectionsIn } from "../../lambdas/adapters/connections-table.ts";
import { cursorsIn } from "../../lambdas/adapters/cursors-table.ts";
import { gatewayVia } from "../../lambdas/adapters/gateway.ts";
import { lookQueue } from "../../lambdas/adapters/look-queue.ts";
import { membersIn } from "../../lambdas/adapters/members-table.ts";
import { logIn } from "../../lambdas/adapters/messages-table.ts";
import { pushesIn } from "../../lambdas/adapters/pushes-table.ts";
import { roomsIn } from "../../lambdas/adapters/rooms-table.ts";
import { tableOf } from "../../lambdas/adapters/table.ts";
import type { Deps, Look } from "../../lambdas/domain/ports.ts";
import type { ServerFrame } from "../../protocol/frames.ts";
import type { Meter } from "./meter.ts";
import type { Invocation } from "./usage.ts";

const day = 24 * 60 * 60 * 1000;
/** Of a post to a connection that has ended. */
const gone = Object.assign(new Error("GoneException"), { $metadata: { httpStatusCode: 410 } });

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

/** What one run of a function works with: the real adapters, whose calls are counted. */
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
    gateway: gatewayVia(gatewayOf(behind, invocation), { wait: meter.pause, random: () => 0 }),
    noteTrouble: (_, error) => {
      throw error;
    },
    scheduleLook: lookQueue(queueOf(behind, invocation), "https://sqs.us-east-1.amazonaws.com/123456789012/looks"),
    redeliverAfterMs: 5_000,
    now,
    wait: meter.pause,
    newId: () => behind.newId(),
  };
}

function gatewayOf({ meter, lines }: Behind, invocation: Invocation): Pick<ApiGatewayManagementApiClient, "send"> {
  const send = async (command: PostToConnectionCommand) => {
    const { ConnectionId = "", Data } = command.input;
    const receive = lines.get(ConnectionId);
    if (command instanceof PostToConnectionCommand) {
      invocation.roundTripsToPost ??= invocation.roundTrips;
      invocation.posts += 1;
      if (receive) meter.carry(String(Data));
    }
    if (!receive) throw gone;
    if (Data) receive(JSON.parse(String(Data)));
    return {};
  };
  return { send: send as unknown as ApiGatewayManagementApiClient["send"] };
}

function queueOf({ meter, looks }: Behind, invocation: Invocation): SQSClient {
  const send = async ({ input }: SendMessageCommand) => {
    invocation.orders += 1;
    meter.count("queueRequests");
    looks.push(JSON.parse(input.MessageBody ?? ""));
  };
  return { send: send as unknown } as SQSClient;
}
