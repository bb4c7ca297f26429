import type { IncomingMessage } from "node:http";
import { WebSocketServer } from "ws";
import type { GatewayPorts } from "../stage/ports.ts";
import type { AccountLimits } from "../throttling/account-limits.ts";
import { bucketPerKey } from "../throttling/token-bucket.ts";
import type { WebSocketApi } from "./api-spec.ts";
import type { Connection } from "./connection.ts";

/** The state of a running WebSocket stage. */
export interface WebSocketStage {
  api: WebSocketApi;
  region: string;
  accountId: string;
  ports: GatewayPorts;
  limits: AccountLimits;
  /** Takes a token from the stage's throttle of a route. */
  takeRoute: (routeKey: string) => boolean;
  /** Open connections by id. A connection is added after its `$connect` has returned. */
  connections: Map<string, Connection>;
  webSocketServer: WebSocketServer;
  /** The subprotocols that `$connect` selected, by handshake. */
  subprotocols: WeakMap<IncomingMessage, string>;
  /** Running invocations of `$disconnect`. Closing the gateway waits for them. */
  disconnecting: Set<Promise<unknown>>;
}

/** API Gateway's limits. */
export const maxMessageBytes = 131_072;
export const maxFrameBytes = 32_768;

export type WebSocketStageOptions = Pick<WebSocketStage, "api" | "region" | "accountId" | "ports" | "limits">;

export function createWebSocketStage(options: WebSocketStageOptions): WebSocketStage {
  const subprotocols = new WeakMap<IncomingMessage, string>();
  return {
    ...options,
    takeRoute: bucketPerKey(options.api.throttleOf, options.ports.clock),
    connections: new Map(),
    webSocketServer: new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      maxPayload: maxMessageBytes,
      // By default `ws` selects the first subprotocol that the client offers. API Gateway selects none.
      handleProtocols: (_, request) => subprotocols.get(request) ?? false,
    }),
    subprotocols,
    disconnecting: new Set(),
  };
}

export const domainNameOf = ({ api, region }: WebSocketStage) => `${api.apiId}.execute-api.${region}.amazonaws.com`;

/**
 * ARN for permissions.
 *
 * @param path a route key, or `{method}/@connections/{id}`
 */
export const stageArn = ({ api, region, accountId }: WebSocketStage, path: string) =>
  `arn:aws:execute-api:${region}:${accountId}:${api.apiId}/${api.stageName}/${path}`;
