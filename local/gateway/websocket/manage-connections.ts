import type { IncomingMessage, ServerResponse } from "node:http";
import { type Answer, readBody, send } from "../answer.ts";
import { strikes } from "../faults.ts";
import { isWellFormedId } from "../new-id.ts";
import { findCaller } from "../verify-signature.ts";
import { arnOf, messageLimitBytes, type SocketStage } from "./socket-stage.ts";

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
export async function manageConnection(
  stage: SocketStage,
  rawId: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const method = request.method ?? "";
  const body = await readBody(request, messageLimitBytes);
  if (!["POST", "GET", "DELETE"].includes(method)) return send(response, answers.forbidden);
  if (!body) return send(response, answers.tooLarge);
  const caller = await findCaller(request, body, { iam: stage.ports.iam, region: stage.region });
  if (!caller.ok) return send(response, caller.answer);
  const id = decodeOnce(rawId);
  const resource = arnOf(stage, `${method}/@connections/${id}`);
  const unauthorized = stage.ports.iam.refusal(caller.principal, "execute-api:ManageConnections", resource);
  if (unauthorized !== undefined) return send(response, refusal(403, "ForbiddenException", unauthorized));
  if (!stage.quota.request()) return send(response, answers.tooMany);
  if (!isWellFormedId(id)) return send(response, refusal(400, "BadRequestException", `Invalid connectionId: ${id}`));
  if (method === "POST") return post(stage, id, body, response);
  return send(response, method === "GET" ? describe(stage, id) : drop(stage, id));
}

async function post(stage: SocketStage, id: string, body: Buffer, response: ServerResponse): Promise<void> {
  const { faults, clock } = stage.ports;
  const slowMs = faults.slowPostMs(id);
  if (slowMs > 0) await new Promise<void>((resolve) => clock.setTimeout(resolve, slowMs));
  // Not answered at all: the caller has to give up by itself.
  if (strikes(faults, faults.hangingPosts, id)) return;
  if (strikes(faults, faults.throttledPosts, id)) return send(response, answers.tooMany);
  if (strikes(faults, faults.failingPosts, id)) return send(response, answers.failed);
  const connection = stage.connections.get(id);
  if (!connection) return send(response, answers.gone);
  if (faults.halfOpen.has(id)) {
    connection.touch();
    return send(response, { status: 200 });
  }
  if (connection.isSlow) return send(response, answers.tooMany);
  if (!strikes(faults, faults.lostPosts, id)) connection.send(body);
  send(response, strikes(faults, faults.goneButDelivered, id) ? answers.gone : { status: 200 });
}

function describe(stage: SocketStage, id: string): Answer {
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

function drop(stage: SocketStage, id: string): Answer {
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
