import type { TokenContext } from "../adapters/tokens/tokens.ts";
import { headerOf } from "./header-of.ts";

/** An `AWS_PROXY` event of a WebSocket API, with the fields that Downlink reads. */
export interface SocketEvent {
  requestContext: {
    /** Set by API Gateway. A client can influence the route key, but not the type. */
    eventType: "CONNECT" | "MESSAGE" | "DISCONNECT";
    routeKey: string;
    connectionId: string;
    /** Milliseconds since 1970. */
    connectedAt: number;
    /** Arrival of the frame, in milliseconds since 1970. */
    requestTimeEpoch: number;
    /** AWS documents it for `$connect` only. */
    authorizer?: TokenContext;
  };
  /** `$connect` only, in the client's spelling. */
  headers?: Record<string, string>;
  queryStringParameters?: Record<string, string>;
  body?: string;
}

export interface SocketResult {
  statusCode: number;
  headers?: Record<string, string>;
  body?: string;
}

/** The SDK offers it with `token.<jwt>`. `$connect` selects it, because browsers close a connection without a selection. */
const subprotocol = "downlink.v1";
const tokenPrefix = "token.";

const offered = ({ headers }: Pick<SocketEvent, "headers">) =>
  (headerOf(headers, "sec-websocket-protocol") ?? "").split(",").map((name) => name.trim());

/** Browsers cannot set headers on a WebSocket, so the token is a query parameter or a subprotocol. */
export const tokenOf = (event: Pick<SocketEvent, "headers" | "queryStringParameters">): string | undefined =>
  event.queryStringParameters?.token ??
  offered(event)
    .find((name) => name.startsWith(tokenPrefix))
    ?.slice(tokenPrefix.length);

/** The response to `$connect`: our subprotocol, if the client offers it. */
export const connectResponse = (event: SocketEvent): SocketResult =>
  offered(event).includes(subprotocol)
    ? { statusCode: 200, headers: { "Sec-WebSocket-Protocol": subprotocol } }
    : { statusCode: 200 };
