import { contextOf, type TokenContext } from "../adapters/tokens/tokens.ts";
import type { Handshake } from "../runtime/auth.ts";
import { headerOf } from "./header-of.ts";
import { type SocketEvent, tokenOf } from "./socket-event.ts";

export type HandshakeEvent = Pick<SocketEvent, "headers" | "queryStringParameters"> & { methodArn: string };
export interface Policy {
  principalId: string;
  policyDocument: {
    Version: "2012-10-17";
    Statement: { Action: "execute-api:Invoke"; Effect: "Allow" | "Deny"; Resource: string }[];
  };
  context?: TokenContext;
}
/**
 * The WebSocket API's authorizer. A page of a foreign origin is denied (403), as WebSockets know no CORS; a caller
 * without a valid token is unauthorized (401).
 */
export const onHandshake =
  (handshake: () => Handshake) =>
  async (event: HandshakeEvent): Promise<Policy> => {
    const { allowedOrigins, read } = handshake();
    const origin = headerOf(event.headers, "origin");
    // Programs send no origin; there the token alone decides, as no browser adds anything of a user's to it.
    if (origin !== undefined && !isAmong(allowedOrigins, origin))
      return policy("Deny", "foreign-origin", event.methodArn);
    const token = tokenOf(event);
    const claims = token === undefined ? { refused: "no token" } : await read(token);
    if ("refused" in claims) throw unauthorized(claims.refused);
    return { ...policy("Allow", claims.subject, event.methodArn), context: contextOf(claims) };
  };

/** Whether pages of this origin may come in. */
export const isAmong = (allowedOrigins: Handshake["allowedOrigins"], origin: string) =>
  allowedOrigins.includes("*") || allowedOrigins.includes(origin);

/** API Gateway turns this very text into a 401. In the log stands why, in one line: where it was thrown helps nobody. */
function unauthorized(why: string): Error {
  const error = new Error("Unauthorized");
  error.stack = `Unauthorized: ${why}`;
  return error;
}

function policy(Effect: "Allow" | "Deny", principalId: string, Resource: string): Policy {
  const Statement: Policy["policyDocument"]["Statement"] = [{ Action: "execute-api:Invoke", Effect, Resource }];
  return { principalId, policyDocument: { Version: "2012-10-17", Statement } };
}
