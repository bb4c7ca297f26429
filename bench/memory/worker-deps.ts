import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { responseTimeoutMs } from "../../lambdas/adapters/api-gateway/gateway.ts";
import { makePoster } from "../../lambdas/adapters/api-gateway/poster.ts";
import { connectionsIn } from "../../lambdas/adapters/dynamodb/connections.ts";
import { membersIn } from "../../lambdas/adapters/dynamodb/members.ts";
import { logIn } from "../../lambdas/adapters/dynamodb/messages.ts";
import { pushesIn } from "../../lambdas/adapters/dynamodb/pushes.ts";
import { resumePointsIn } from "../../lambdas/adapters/dynamodb/resume-points.ts";
import { roomsIn } from "../../lambdas/adapters/dynamodb/rooms.ts";
import { tableOf } from "../../lambdas/adapters/dynamodb/table.ts";
import { tasksIn } from "../../lambdas/adapters/dynamodb/tasks.ts";
import { unackedRangesIn } from "../../lambdas/adapters/dynamodb/unacked-ranges.ts";
import { connectTo } from "../../lambdas/adapters/http1/connection.ts";
import { ConnectionPool } from "../../lambdas/adapters/http1/connection-pool.ts";
import { postConcurrency } from "../../lambdas/domain/delivery/deliver.ts";
import { makeRoomCache } from "../../lambdas/domain/delivery/room-cache.ts";
import type { FanOutDeps } from "../../lambdas/domain/fan-out/run-task.ts";
import type { FanOutTask } from "../../lambdas/domain/model/fan-out-task.ts";
import { makeRateLimiter } from "../../lambdas/domain/send/rate-limiter.ts";

/** So many that the pace never waits: what is measured is the loop. */
const postsPerSecond = 1e9;
const region = "us-east-1";
/** A session token of Lambda has about so many characters. */
const credentials = {
  accessKeyId: "ASIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  sessionToken: "IQoJb3JpZ2luX2Vj".repeat(62),
};

/**
 * The adapters of a fan-out worker as they are deployed. Nothing is to go wrong here, so that what would repair it fails.
 *
 * @param rest takes what a round has not come to
 */
export function workerDeps(tablesUrl: string, stageUrl: URL, rest: (tasks: readonly FanOutTask[]) => void): FanOutDeps {
  const now = () => Date.now();
  const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));
  const never = (what: string) => () => Promise.reject(new Error(`${what} is not part of this benchmark`));
  let ids = 0;
  const newId = () => {
    ids += 1;
    return `${process.pid}-${ids}`.padStart(22, "0");
  };
  const client = new DynamoDBClient({ endpoint: tablesUrl, region, credentials });
  const connections = tableOf(client, "Connections");
  const rooms = tableOf(client, "Rooms");
  const onMalformed = (error: Error) => {
    throw error;
  };
  const pool = new ConnectionPool({
    connect: connectTo(stageUrl),
    max: postConcurrency,
    timeoutMs: responseTimeoutMs,
    now,
    onMalformed,
  });
  const target = { host: stageUrl.host, path: stageUrl.pathname, region };
  const time = { now, wait: pause, random: Math.random };
  return {
    ...time,
    newId,
    connections: connectionsIn(connections, now),
    rooms: roomsIn(rooms, now, newId),
    members: membersIn(rooms, connections, now),
    resumePoints: resumePointsIn(rooms, now),
    unackedRanges: unackedRangesIn(rooms, now),
    log: logIn(tableOf(client, "Messages"), now, 86_400_000),
    payloads: { put: never("a large payload"), urlOf: () => "" },
    pushes: pushesIn(rooms, now),
    tasks: tasksIn(rooms, now),
    gateway: {
      post: makePoster({ target, pool, credentials: () => credentials, trace: () => undefined, now }),
      isOpen: never("a connection that has ended"),
    },
    enqueueTasks: async (tasks, afterMs) => {
      if (afterMs !== undefined) throw new Error("a post has failed");
      rest(tasks);
    },
    deadLetter: never("giving up"),
    fanOut: { postsPerSecond, workers: 1 },
    limiter: makeRateLimiter(postsPerSecond, time),
    scheduleAckCheck: never("a look"),
    redeliverAfterMs: 5_000,
    roomCache: makeRoomCache(1),
    logError: (_, error) => {
      throw error;
    },
  };
}
