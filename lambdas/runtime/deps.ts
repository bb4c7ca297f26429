import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { ApiGatewayManagementApiClient } from "@aws-sdk/client-apigatewaymanagementapi";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { SQSClient } from "@aws-sdk/client-sqs";
import { apiGateway, responseTimeoutMs } from "../adapters/api-gateway/gateway.ts";
import { makePoster } from "../adapters/api-gateway/poster.ts";
import { connectionsIn } from "../adapters/dynamodb/connections.ts";
import { membersIn } from "../adapters/dynamodb/members.ts";
import { logIn } from "../adapters/dynamodb/messages.ts";
import { pushesIn } from "../adapters/dynamodb/pushes.ts";
import { resumePointsIn } from "../adapters/dynamodb/resume-points.ts";
import { roomsIn } from "../adapters/dynamodb/rooms.ts";
import { tableOf } from "../adapters/dynamodb/table.ts";
import { tasksIn } from "../adapters/dynamodb/tasks.ts";
import { unackedRangesIn } from "../adapters/dynamodb/unacked-ranges.ts";
import { eventBus } from "../adapters/eventbridge/event-bus.ts";
import { connectTo } from "../adapters/http1/connection.ts";
import { ConnectionPool } from "../adapters/http1/connection-pool.ts";
import type { MalformedResponse } from "../adapters/http1/response.ts";
import { payloadsIn } from "../adapters/s3/payloads.ts";
import type { Credentials } from "../adapters/sigv4/signature-v4.ts";
import { ackCheckQueue } from "../adapters/sqs/ack-check-queue.ts";
import { fanOutQueue } from "../adapters/sqs/fan-out-queue.ts";
import { postConcurrency } from "../domain/delivery/deliver.ts";
import { makeRoomCache } from "../domain/delivery/room-cache.ts";
import type { FanOutDeps } from "../domain/fan-out/run-task.ts";
import type { Deps } from "../domain/model/deps.ts";
import type { AckCheckDeps } from "../domain/redelivery/check-room.ts";
import { makeRateLimiter } from "../domain/send/rate-limiter.ts";
import { environment } from "./environment.ts";
import { lazily } from "./lazily.ts";
import { logError } from "./log.ts";
import { requestHandler } from "./timeouts.ts";

const now = () => Date.now();
const pause = async (ms: number) => void (await wait(ms));
/** Credentials of the function's role, which Lambda puts into the environment. */
const roleCredentials = (): Credentials => ({
  accessKeyId: environment("AWS_ACCESS_KEY_ID"),
  secretAccessKey: environment("AWS_SECRET_ACCESS_KEY"),
  sessionToken: process.env.AWS_SESSION_TOKEN,
});
/** 128 bits, because a session is a secret. */
const newId = () => randomBytes(16).toString("base64url");
/** 40 bits: it only has to differ from the room's previous epoch. */
const newEpoch = () => randomBytes(5).toString("base64url");
const numberOf = (name: string) => Number(environment(name));
const seconds = (name: string) => numberOf(name) * 1000;

/** Shared by all queues, so that its connections are opened once. */
const sqs = lazily(() => new SQSClient({ requestHandler }));

/** The dependencies of all functions. Created at the first event, so that an import reads no environment. */
export const deps = lazily((): Deps => {
  const dynamo = new DynamoDBClient({ requestHandler });
  const connections = tableOf(dynamo, environment("CONNECTIONS_TABLE"));
  const rooms = tableOf(dynamo, environment("ROOMS_TABLE"));
  const endpoint = environment("CALLBACK_URL");
  const gateway = new ApiGatewayManagementApiClient({ endpoint, maxAttempts: 1, requestHandler });
  return {
    connections: connectionsIn(connections, now),
    rooms: roomsIn(rooms, now, newEpoch),
    members: membersIn(rooms, connections, now),
    resumePoints: resumePointsIn(rooms, now),
    unackedRanges: unackedRangesIn(rooms, now),
    log: logIn(tableOf(dynamo, environment("MESSAGES_TABLE")), now, seconds("RETENTION_SECONDS")),
    payloads: payloadsIn({
      bucketUrl: environment("PAYLOADS_URL"),
      region: environment("AWS_REGION"),
      credentials: roleCredentials,
      now,
      wait: pause,
      random: Math.random,
      trace: () => process.env._X_AMZN_TRACE_ID,
    }),
    pushes: pushesIn(rooms, now),
    gateway: apiGateway(gateway, poster()),
    tasks: tasksIn(rooms, now),
    enqueueTasks: fanOutQueue(sqs(), environment("FAN_OUT_QUEUE_URL")),
    fanOut: { postsPerSecond: numberOf("POSTS_PER_SECOND"), workers: numberOf("FAN_OUT_WORKERS") },
    scheduleAckCheck: ackCheckQueue(sqs(), environment("ACK_CHECK_QUEUE_URL")),
    redeliverAfterMs: seconds("REDELIVER_AFTER_SECONDS"),
    roomCache: makeRoomCache(500),
    logError,
    now,
    wait: pause,
    random: Math.random,
    newId,
  };
});

function poster() {
  const url = new URL(environment("CALLBACK_URL"));
  const target = { host: url.host, path: url.pathname.replace(/\/$/, ""), region: environment("AWS_REGION") };
  const onMalformed = (error: MalformedResponse) => logError("response of API Gateway", error);
  const pool = new ConnectionPool({
    connect: connectTo(url),
    max: postConcurrency,
    timeoutMs: responseTimeoutMs,
    now,
    onMalformed,
  });
  return makePoster({ target, pool, credentials: roleCredentials, trace: () => process.env._X_AMZN_TRACE_ID, now });
}

/** The dependencies of ack checks. The limiter has the share of this execution environment, for all of its checks. */
export const ackCheckDeps = lazily((): AckCheckDeps => {
  const reportUndelivered = eventBus(new EventBridgeClient({ requestHandler }), environment("EVENT_BUS_NAME"));
  const shared = deps();
  const limiter = makeRateLimiter(numberOf("REDELIVERIES_PER_SECOND") / numberOf("REDELIVERY_WORKERS"), shared);
  return { ...shared, limiter, reportUndelivered };
});

/** The dependencies of fan-out tasks. The limiter has the share of this execution environment, for all of its tasks. */
export const fanOutDeps = lazily((): FanOutDeps => {
  const shared = deps();
  const { postsPerSecond, workers } = shared.fanOut;
  return {
    ...shared,
    limiter: makeRateLimiter(postsPerSecond / workers, shared),
    deadLetter: fanOutQueue(sqs(), environment("FAN_OUT_DEAD_LETTERS_URL")),
  };
});
