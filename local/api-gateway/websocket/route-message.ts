import { parseJson } from "../integration/json-path.ts";
import { readProxyResult } from "../integration/proxy-result.ts";
import { createId } from "../stage/ids.ts";
import type { Route } from "./api-spec.ts";
import type { Connection } from "./connection.ts";
import { messageEvent, requestContext } from "./events.ts";
import { runIntegration } from "./run-integration.ts";
import { maxMessageBytes, type WebSocketStage } from "./stage.ts";

/**
 * Routes a client's message to the integration of its route, and sends the response of a two-way route. As on AWS,
 * messages of one connection are handled concurrently, so a later message can get its response first.
 */
export async function routeMessage(stage: WebSocketStage, connection: Connection, body: string): Promise<void> {
  const requestId = createId();
  const sendError = (message: string) =>
    connection.send(errorFrame(message, { connectionId: connection.info.id, requestId }));
  const found = findRoute(stage, body);
  if (!stage.limits.takeRequest() || (found && !stage.takeRoute(found.routeKey))) {
    return sendError("Too Many Requests");
  }
  if (!found) return sendError("Forbidden");
  const { routeKey, route } = found;
  if (!route.integration) return;

  const context = requestContext(stage, connection.info, { routeKey, eventType: "MESSAGE", requestId });
  const event = messageEvent(stage, body, context);
  const call = { routeKey, event, context, body, isTwoWay: route.isTwoWay };
  const outcome = await runIntegration(stage, route.integration, call);
  if (outcome.kind === "timedOut") return sendError("Endpoint request timed out");
  if (outcome.kind !== "returned") return sendError("Internal server error");
  // The client of a one-way route learns nothing of the result, not even of a status 500.
  if (!route.isTwoWay) return;
  const result = readProxyResult(outcome.payload);
  if (!result || Buffer.byteLength(result.body ?? "") > maxMessageBytes) {
    stage.ports.log(`route ${routeKey}: the integration's result is malformed or its body larger than 128 KB`);
    return sendError("Internal server error");
  }
  if (result.body) connection.send(result.body);
}

function findRoute(stage: WebSocketStage, body: string): { routeKey: string; route: Route } | undefined {
  const { routes, selectRoute } = stage.api;
  const selected = selectRoute({ body: parseJson(body) });
  // A client cannot select $connect or $disconnect by name.
  const route = selected.startsWith("$") ? undefined : routes.get(selected);
  if (route) return { routeKey: selected, route };
  const fallback = routes.get("$default");
  return fallback && { routeKey: "$default", route: fallback };
}

/** API Gateway's own error frame. The spaces are those that were observed on AWS. */
export const errorFrame = (message: string, { connectionId, requestId }: { connectionId: string; requestId: string }) =>
  `{"message": ${JSON.stringify(message)}, "connectionId":"${connectionId}", "requestId":"${requestId}"}`;
