import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { FunctionName } from "../../cli/estimate/usage.ts";
import type { Claims } from "../../lambdas/adapters/tokens/tokens.ts";
import { ack } from "../../lambdas/domain/delivery/ack.ts";
import { replay } from "../../lambdas/domain/delivery/replay.ts";
import { runTask } from "../../lambdas/domain/fan-out/run-task.ts";
import { hello } from "../../lambdas/domain/login/hello.ts";
import { loginRoom } from "../../lambdas/domain/login/login.ts";
import { poll } from "../../lambdas/domain/login/poll.ts";
import { connect, disconnect, here } from "../../lambdas/domain/membership/connection.ts";
import { leaveRoom } from "../../lambdas/domain/membership/leave.ts";
import type { AckCheck } from "../../lambdas/domain/model/ack-check.ts";
import type { Deps } from "../../lambdas/domain/model/deps.ts";
import { publish } from "../../lambdas/domain/push/publish.ts";
import { push } from "../../lambdas/domain/push/push.ts";
import { pushStatus } from "../../lambdas/domain/push/status.ts";
import { waitForAcks } from "../../lambdas/domain/push/wait-for-acks.ts";
import { runAckCheck } from "../../lambdas/domain/redelivery/run-ack-check.ts";
import { unlimited } from "../../lambdas/domain/send/rate-limiter.ts";
import { onAckChecks } from "../../lambdas/handlers/on-ack-checks.ts";
import { onTasks } from "../../lambdas/handlers/on-fan-out-tasks.ts";
import { onHandshake } from "../../lambdas/handlers/on-handshake.ts";
import { onPoll } from "../../lambdas/handlers/on-poll.ts";
import { onPush } from "../../lambdas/handlers/on-push.ts";
import { onSocketEvent } from "../../lambdas/handlers/on-socket-event.ts";
import type { RestEvent, RestResult } from "../../lambdas/handlers/rest-event.ts";
import type { SocketEvent } from "../../lambdas/handlers/socket-event.ts";
import { Meter } from "./meter.ts";
import { type Environment, meteredDeps } from "./metered-deps.ts";

const frames = { hello, loginRoom, leaveRoom, publish, ack, replay, here };
const methodArn = "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/socket/$connect";

/** The functions as API Gateway and the queues call them, with counted calls. Its clock only moves when a test sets it. */
export class MeteredStack implements Environment {
  readonly client: DynamoDBClient;
  readonly meter = new Meter();
  readonly connections: Environment["connections"] = new Map();
  readonly checks: AckCheck[] = [];
  readonly tasks: string[] = [];
  nowMs = 1_760_000_000_000;
  private ids = 0;

  constructor(client: DynamoDBClient) {
    this.client = client;
  }

  /** As long as the ids that functions generate. */
  newId = (): string => {
    this.ids += 1;
    return `${this.ids}`.padStart(22, "0");
  };

  /** Starts an invocation of a function. */
  depsOf(name: FunctionName): () => Deps {
    const deps = meteredDeps(this, this.meter.startInvocation(name));
    return () => deps;
  }

  authorize(claims: Claims) {
    this.meter.startInvocation("authorize");
    return onHandshake(pageAuthOf(claims))({ methodArn, queryStringParameters: { token: "token" } });
  }

  socket = (event: SocketEvent) => onSocketEvent(this.depsOf("socket"), { connect, disconnect, frames })(event);

  private restEvent(): RestEvent {
    const nothing = { pathParameters: null, queryStringParameters: null, body: null, isBase64Encoded: false };
    return { ...nothing, httpMethod: "GET", headers: {}, requestContext: { requestTimeEpoch: this.nowMs } };
  }

  push(body: object): Promise<RestResult> {
    this.meter.count("requests");
    const event = { ...this.restEvent(), httpMethod: "POST", body: JSON.stringify(body) };
    return onPush(this.depsOf("push"), { push, pushStatus, waitForAcks })(event);
  }

  poll(claims: Claims, { session, rooms }: { session?: string; rooms: object[] }): Promise<RestResult> {
    this.meter.count("requests");
    const event = {
      ...this.restEvent(),
      headers: { Authorization: "Bearer token" },
      queryStringParameters: { ...(session && { session }), rooms: JSON.stringify(rooms) },
    };
    return onPoll(this.depsOf("poll"), pageAuthOf(claims), poll)(event);
  }

  /** Runs all tasks of the fan-out queue. */
  async runTasks(): Promise<void> {
    await Promise.all(this.tasks.splice(0).map((body) => this.task(body)));
  }

  private async task(body: string): Promise<void> {
    this.meter.count("queueRequests", 2);
    const deadLetter = () => Promise.reject(new Error("a task was dead-lettered"));
    const deps = { ...this.depsOf("fanOut")(), limiter: unlimited, deadLetter };
    const { batchItemFailures } = await onTasks(() => deps, runTask)({ Records: [{ messageId: "1", body }] });
    if (batchItemFailures.length > 0) throw new Error("the task failed");
  }

  async check(check: AckCheck): Promise<void> {
    // One to receive the check and one to delete it.
    this.meter.count("queueRequests", 2);
    const reportUndelivered = () => Promise.reject(new Error("a message was undelivered"));
    const deps = { ...this.depsOf("redeliver")(), limiter: unlimited, reportUndelivered };
    const event = { Records: [{ messageId: "1", body: JSON.stringify(check) }] };
    const { batchItemFailures } = await onAckChecks(() => deps, runAckCheck)(event);
    if (batchItemFailures.length > 0) throw new Error("the ack check failed");
  }
}

/** A verified token. Reading the secret is not counted, as each environment does it once in five minutes. */
const pageAuthOf = (claims: Claims) => () => ({ allowedOrigins: ["*"], verify: async () => claims });
