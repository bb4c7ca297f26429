import type { TokenContext } from "../adapters/tokens/tokens.ts";
import { headerOf } from "./header-of.ts";

/** An AWS_PROXY event of a WebSocket API, as far as we read it. */
export interface SocketEvent {
  requestContext: {
    routeKey: string;
    connectionId: string;
    /** Milliseconds since 1970. */
    connectedAt: number;
    /** When the frame came in, in milliseconds since 1970. */
    requestTimeEpoch: number;
    /** AWS promises it for `$connect` only. */
    authorizer?: TokenContext;
  };
  /** `$connect` only. Spelled as the client spelled them. */
  headers?: Record<string, string>;
  queryStringParameters?: Record<string, string>;
  body?: string;
}

export interface SocketResult {
  statusCode: number;
  headers?: Record<string, string>;
  body?: string;
}

/** Offered by our client beside `token.<jwt>`; chosen by `$connect`, as browsers hang up when nothing is chosen. */
const subprotocol = "downlink.v1";
const tokenPrefix = "token.";

const offered = ({ headers }: Pick<SocketEvent, "headers">) =>
  (headerOf(headers, "sec-websocket-protocol") ?? "").split(",").map((name) => name.trim());

/** Browsers cannot set headers on a WebSocket, so the token comes as a query parameter or as a subprotocol. */
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
