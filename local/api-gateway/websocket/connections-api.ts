import type { IncomingMessage, ServerResponse } from "node:http";
import { strikes } from "../../world/faults.ts";
import { authenticateCaller } from "../stage/authenticate.ts";
import { isWellFormedId } from "../stage/ids.ts";
import { type Answer, readBody, send } from "../stage/response.ts";
import { arnOf, messageLimitBytes, type WebSocketStage } from "./stage.ts";

const answers = {
  forbidden: refusal(403, "ForbiddenException", "Forbidden"),
  gone: { status: 410, errorType: "GoneException" },
  tooLarge: refusal(413, "PayloadTooLargeException", "Message too long"),
  tooMany: refusal(429, "LimitExceededException", "Too Many Requests"),
  failed: refusal(500, "InternalServerErrorException", "Internal server error"),
} satisfies Record<string, Answer>;

function refusal(status: number, errorType: string, message: string): Answer {
  return { status, errorType, body: JSON.stringify({ message }) };
}

/**
 * The @connections API of a stage.
 *
 * @param rawId the path's last segment as it was sent; it is decoded once
 */
export async function serveConnectionsApi(
  stage: WebSocketStage,
  rawId: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request, messageLimitBytes);
  const trace = request.headers["x-amzn-trace-id"]?.toString();
  const answer = await stage.ports.calls.serve(trace, `execute-api:${request.method}`, () =>
    answerTo(stage, decodeOnce(rawId), request, body),
  );
  if (answer) send(response, answer);
}

/** @returns `undefined` for a request that is never answered */
async function answerTo(
  stage: WebSocketStage,
  id: string,
  request: IncomingMessage,
  body: Buffer | undefined,
): Promise<Answer | undefined> {
  const method = request.method ?? "";
  if (!["POST", "GET", "DELETE"].includes(method)) return answers.forbidden;
  if (!body) return answers.tooLarge;
  const caller = await authenticateCaller(request, body, { iam: stage.ports.iam, region: stage.region });
  if (!caller.ok) return caller.answer;
  const resource = arnOf(stage, `${method}/@connections/${id}`);
  const unauthorized = stage.ports.iam.denial(caller.principal, "execute-api:ManageConnections", resource);
  if (unauthorized !== undefined) return refusal(403, "ForbiddenException", unauthorized);
  if (!stage.quota.request()) return answers.tooMany;
  if (!isWellFormedId(id)) return refusal(400, "BadRequestException", `Invalid connectionId: ${id}`);
  if (method === "POST") return post(stage, id, body);
  return method === "GET" ? describe(stage, id) : drop(stage, id);
}

async function post(stage: WebSocketStage, id: string, body: Buffer): Promise<Answer | undefined> {
  const { faults, clock } = stage.ports;
  if (strikes(faults, faults.slowPosts, id)) {
    await new Promise<void>((resolve) => clock.setTimeout(resolve, faults.slowPostMs));
  }
  // The caller has to give up by itself.
  if (strikes(faults, faults.hangingPosts, id)) return undefined;
  if (strikes(faults, faults.throttledPosts, id)) return answers.tooMany;
  if (strikes(faults, faults.failingPosts, id)) return answers.failed;
  const connection = stage.connections.get(id);
  if (!connection) return answers.gone;
  if (faults.halfOpen.has(id)) {
    connection.touch();
    return { status: 200 };
  }
  if (connection.isSlow) return answers.tooMany;
  if (!strikes(faults, faults.lostPosts, id)) connection.send(body);
  return strikes(faults, faults.goneButDelivered, id) ? answers.gone : { status: 200 };
}

function describe(stage: WebSocketStage, id: string): Answer {
  const connection = stage.connections.get(id);
  if (!connection) return answers.gone;
  const { connectedAt, identity } = connection.facts;
  return {
    status: 200,
    body: JSON.stringify({
      connectedAt: new Date(connectedAt).toISOString(),
      identity: { sourceIp: identity.sourceIp, userAgent: identity.userAgent },
      lastActiveAt: new Date(connection.lastActiveAt).toISOString(),
    }),
  };
}

function drop(stage: WebSocketStage, id: string): Answer {
  const connection = stage.connections.get(id);
  if (!connection) return answers.gone;
  connection.close({ code: 1000, reason: "Connection Closed Normally" });
  return { status: 204 };
}

function decodeOnce(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
