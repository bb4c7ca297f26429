import { strikes } from "../../world/faults.ts";
import { createId } from "../stage/ids.ts";
import type { ConnectionInfo, DisconnectCause } from "./connection.ts";
import { disconnectEvent, requestContext } from "./events.ts";
import { runIntegration } from "./run-integration.ts";
import type { WebSocketStage } from "./stage.ts";

/** Tells the `$disconnect` route, if there is one. Nobody waits for it, and its result means nothing. */
export function runDisconnectRoute(stage: WebSocketStage, connection: ConnectionInfo, cause: DisconnectCause): void {
  const routeKey = "$disconnect";
  const integration = stage.api.routes.get(routeKey)?.integration;
  const { faults } = stage.ports;
  if (!integration || strikes(faults, faults.lostDisconnects, connection.id)) return;
  const context = requestContext(stage, connection, { routeKey, eventType: "DISCONNECT", requestId: createId(), cause });
  const event = disconnectEvent(stage, context);
  const run = runIntegration(stage, integration, { routeKey, event, context, body: "", isTwoWay: false });
  stage.disconnecting.add(run);
  const forget = () => stage.disconnecting.delete(run);
  run.then(forget, forget);
}

/** Code and reason that `$disconnect` is told when the peer's close frame, or the lack of one, ended it. */
export function closeCauseOf(code: number, reason: string): DisconnectCause {
  if (code === 1005) return { code, reason: "Client-side close frame status not set" };
  // No capture of this text was found; only the code is sure.
  if (code === 1006) return { code, reason: "Connection closed abnormally" };
  return { code, reason };
}
