import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { ApiGatewayManagementApiClient } from "@aws-sdk/client-apigatewaymanagementapi";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { LookDeps } from "../domain/look-at-room.ts";
import type { Deps } from "../domain/ports.ts";
import { connectionsIn } from "./connections-table.ts";
import { cursorsIn } from "./cursors-table.ts";
import { environment } from "./environment.ts";
import { eventBus } from "./event-bus.ts";
import { gatewayVia } from "./gateway.ts";
import { logError } from "./log.ts";
import { lookQueue } from "./look-queue.ts";
import { membersIn } from "./members-table.ts";
import { logIn } from "./messages-table.ts";
import { pushesIn } from "./pushes-table.ts";
import { roomsIn } from "./rooms-table.ts";
import { tableOf } from "./table.ts";

const now = () => Date.now();
/** 128 bits, as nobody may guess a session. */
const newId = () => randomBytes(16).toString("base64url");
/** Only has to differ from the room's epoch of before. */
const newEpoch = () => randomBytes(5).toString("base64url");
const seconds = (name: string) => Number(environment(name)) * 1000;

/** Everything the functions work with; made at the first event, so that importing reads no environment. */
export const deps = once((): Deps => {
  const dynamo = new DynamoDBClient({});
  const connections = tableOf(dynamo, environment("CONNECTIONS_TABLE"));
  const rooms = tableOf(dynamo, environment("ROOMS_TABLE"));
  const client = new ApiGatewayManagementApiClient({ endpoint: environment("CALLBACK_URL"), maxAttempts: 1 });
  return {
    connections: connectionsIn(connections, now),
    rooms: roomsIn(rooms, now, newEpoch),
    members: membersIn(rooms, connections, now),
    cursors: cursorsIn(rooms, now),
    log: logIn(tableOf(dynamo, environment("MESSAGES_TABLE")), now, seconds("RETENTION_SECONDS")),
    pushes: pushesIn(rooms, now),
    gateway: gatewayVia(client, { wait, random: Math.random }),
    scheduleLook: lookQueue(new SQSClient({}), environment("REDELIVER_QUEUE_URL")),
    redeliverAfterMs: seconds("REDELIVER_AFTER_SECONDS"),
    noteTrouble: logError,
    now,
    wait: async (ms) => void (await wait(ms)),
    newId,
  };
});

/** What the redelivery works with. */
export const lookDeps = once((): LookDeps => {
  const reportUndelivered = eventBus(new EventBridgeClient({}), environment("EVENT_BUS_NAME"));
  return { ...deps(), reportUndelivered };
});

export function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
