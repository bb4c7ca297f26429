import { parseJson } from "../integration/json-path.ts";
import { readProxyResult } from "../integration/proxy-result.ts";
import { createId } from "../stage/ids.ts";
import type { Route } from "./api-spec.ts";
import type { Connection } from "./connection.ts";
import { messageEvent, requestContext } from "./events.ts";
import { runIntegration } from "./run-integration.ts";
import { messageLimitBytes, type WebSocketStage } from "./stage.ts";

/**
 * Handles one message. Messages of one connection overlap, as on AWS, so their answers may overtake each other. The
 * frames that API Gateway sends by itself are spelled, and spaced, as they were captured.
 */
export async function routeMessage(stage: WebSocketStage, connection: Connection, body: string): Promise<void> {
  const requestId = createId();
  const refuse = (message: string) =>
    connection.send(errorFrame(message, { connectionId: connection.facts.id, requestId }));
  const found = findRoute(stage, body);
  if (!stage.quota.request() || (found && !stage.takeRoute(found.routeKey))) return refuse("Too Many Requests");
  if (!found) return refuse("Forbidden");
  const { routeKey, route } = found;
  if (!route.integration) return;

  const context = requestContext(stage, connection.facts, { routeKey, eventType: "MESSAGE", requestId });
  const event = messageEvent(stage, body, context);
  const run = { routeKey, event, context, body, isTwoWay: route.answers };
  const outcome = await runIntegration(stage, route.integration, run);
  if (outcome.kind === "timedOut") return refuse("Endpoint request timed out");
  if (outcome.kind !== "answered") return refuse("Internal server error");
  // One-way: whatever it returned, even a 500, goes nowhere.
  if (!route.answers) return;
  const result = readProxyResult(outcome.payload);
  if (!result || Buffer.byteLength(result.body ?? "") > messageLimitBytes) {
    stage.ports.log(`route ${routeKey}: the integration's result is malformed or its body larger than 128 KB`);
    return refuse("Internal server error");
  }
  if (result.body) connection.send(result.body);
}

function findRoute(stage: WebSocketStage, body: string): { routeKey: string; route: Route } | undefined {
  const { routes, selectRoute } = stage.api;
  const selected = selectRoute({ body: parseJson(body) });
  // A client cannot pick $connect or $disconnect by naming them.
  const route = selected.startsWith("$") ? undefined : routes.get(selected);
  if (route) return { routeKey: selected, route };
  const fallback = routes.get("$default");
  return fallback && { routeKey: "$default", route: fallback };
}

/** One space after the first colon and after each comma, none after the other colons. */
export const errorFrame = (message: string, { connectionId, requestId }: { connectionId: string; requestId: string }) =>
  `{"message": ${JSON.stringify(message)}, "connectionId":"${connectionId}", "requestId":"${requestId}"}`;
