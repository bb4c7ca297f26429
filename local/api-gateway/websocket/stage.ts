import type { IncomingMessage } from "node:http";
import { WebSocketServer } from "ws";
import type { GatewayPorts } from "../stage/ports.ts";
import type { AccountLimits } from "../throttling/account-limits.ts";
import { bucketPerKey } from "../throttling/token-bucket.ts";
import type { WebSocketApi } from "./api-spec.ts";
import type { Connection } from "./connection.ts";

/** A WebSocket stage at work. */
export interface WebSocketStage {
  api: WebSocketApi;
  region: string;
  accountId: string;
  ports: GatewayPorts;
  quota: AccountLimits;
  /** Whether the stage's throttle lets one more event of this route through. */
  takeRoute: (routeKey: string) => boolean;
  /** Those that are open. A connection whose `$connect` has not returned is not among them. */
  connections: Map<string, Connection>;
  acceptor: WebSocketServer;
  /** The subprotocol that `$connect` chose for a handshake. */
  protocols: WeakMap<IncomingMessage, string>;
  /** Runs of `$disconnect`, for which only the end of the gateway waits. */
  disconnecting: Set<Promise<unknown>>;
}

export const messageLimitBytes = 131_072;
export const frameLimitBytes = 32_768;

export type WebSocketStageOptions = Pick<WebSocketStage, "api" | "region" | "accountId" | "ports" | "quota">;

export function createWebSocketStage(options: WebSocketStageOptions): WebSocketStage {
  const protocols = new WeakMap<IncomingMessage, string>();
  return {
    ...options,
    takeRoute: bucketPerKey(options.api.throttleOf, options.ports.clock),
    connections: new Map(),
    acceptor: new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      maxPayload: messageLimitBytes,
      // Without a choice none is selected; ws alone would take the first one offered.
      handleProtocols: (_, request) => protocols.get(request) ?? false,
    }),
    protocols,
    disconnecting: new Set(),
  };
}

export const domainNameOf = ({ api, region }: WebSocketStage) => `${api.apiId}.execute-api.${region}.amazonaws.com`;

/** ARN of a route or @connections path: `{stage}/{path}`. */
export const arnOf = ({ api, region, accountId }: WebSocketStage, path: string) =>
  `arn:aws:execute-api:${region}:${accountId}:${api.apiId}/${api.stageName}/${path}`;
