import { strikes } from "../../world/faults.ts";
import { createId } from "../stage/ids.ts";
import type { CloseCause, ConnectionInfo } from "./connection.ts";
import { disconnectEvent, requestContext } from "./events.ts";
import { runIntegration } from "./run-integration.ts";
import type { WebSocketStage } from "./stage.ts";

/** Starts the `$disconnect` route, if the API has one. Its result is ignored. */
export function runDisconnectRoute(stage: WebSocketStage, connection: ConnectionInfo, cause: CloseCause): void {
  const routeKey = "$disconnect";
  const integration = stage.api.routes.get(routeKey)?.integration;
  const { faults } = stage.ports;
  if (!integration || strikes(faults, faults.lostDisconnects, connection.id)) return;
  const context = requestContext(stage, connection, {
    routeKey,
    eventType: "DISCONNECT",
    requestId: createId(),
    cause,
  });
  const event = disconnectEvent(stage, context);
  const run = runIntegration(stage, integration, { routeKey, event, context, body: "", isTwoWay: false });
  stage.disconnecting.add(run);
  const remove = () => stage.disconnecting.delete(run);
  run.then(remove, remove);
}

/** Code and reason of `$disconnect` after the client closed the connection, with or without a close frame. */
export function closeCauseOf(code: number, reason: string): CloseCause {
  if (code === 1005) return { code, reason: "Client-side close frame status not set" };
  // The code was observed on AWS; no record of the text was found.
  if (code === 1006) return connectionLost;
  return { code, reason };
}

/** The client is gone without a close frame. */
export const connectionLost: CloseCause = { code: 1006, reason: "Connection closed abnormally" };
