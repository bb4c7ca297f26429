import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { ApiGatewayManagementApiClient } from "@aws-sdk/client-apigatewaymanagementapi";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { Deps, PushDeps } from "../domain/ports.ts";
import { connectionsIn } from "./connections-table.ts";
import { environment } from "./environment.ts";
import { gatewayVia } from "./gateway.ts";
import { membersIn } from "./members-table.ts";
import { logIn } from "./messages-table.ts";
import { roomsIn } from "./rooms-table.ts";
import { tableOf } from "./table.ts";

const now = () => Date.now();
/** 128 bits, as nobody may guess a session. */
const newId = () => randomBytes(16).toString("base64url");
/** Only has to differ from the room's epoch of before. */
const newEpoch = () => randomBytes(5).toString("base64url");

/** Everything the socket's functions work with; made at the first event, so that importing reads no environment. */
export const socketDeps = once((): Deps => {
  const dynamo = new DynamoDBClient({});
  const connections = tableOf(dynamo, environment("CONNECTIONS_TABLE"));
  const rooms = tableOf(dynamo, environment("ROOMS_TABLE"));
  const client = new ApiGatewayManagementApiClient({ endpoint: environment("CALLBACK_URL"), maxAttempts: 1 });
  return {
    connections: connectionsIn(connections, now),
    rooms: roomsIn(rooms, now, newEpoch),
    members: membersIn(rooms, now),
    gateway: gatewayVia(client, { wait, random: Math.random }),
    now,
    wait: async (ms) => void (await wait(ms)),
    newId,
  };
});

/** What `push` works with. */
export const pushDeps = once((): PushDeps => {
  const messages = tableOf(new DynamoDBClient({}), environment("MESSAGES_TABLE"));
  return { ...socketDeps(), log: logIn(messages, Number(environment("RETENTION_SECONDS"))) };
});

export function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
