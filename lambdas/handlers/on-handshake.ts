import { contextOf, type TokenContext } from "../adapters/tokens/tokens.ts";
import type { PageAuth } from "../runtime/auth.ts";
import { headerOf } from "./header-of.ts";
import { type SocketEvent, tokenOf } from "./socket-event.ts";

/** The event of a `REQUEST` authorizer of a WebSocket API, with the fields that Downlink reads. */
export type HandshakeEvent = Pick<SocketEvent, "headers" | "queryStringParameters"> & { methodArn: string };

/** The authorizer's result. API Gateway passes `context` with every later event of the connection. */
export interface Policy {
  principalId: string;
  policyDocument: {
    Version: "2012-10-17";
    Statement: { Action: "execute-api:Invoke"; Effect: "Allow" | "Deny"; Resource: string }[];
  };
  context?: TokenContext;
}

/**
 * The authorizer of the WebSocket API.
 *
 * | caller | response |
 * | --- | --- |
 * | a page of another origin | 403, as CORS does not apply to WebSockets |
 * | without a valid token | 401 |
 */
export const onHandshake =
  (pageAuth: () => PageAuth) =>
  async (event: HandshakeEvent): Promise<Policy> => {
    const { allowedOrigins, verify } = pageAuth();
    const origin = headerOf(event.headers, "origin");
    // Programs send no origin. There the token alone decides, because no browser adds a user's credentials.
    if (origin !== undefined && !isAllowedOrigin(allowedOrigins, origin))
      return policy("Deny", "foreign-origin", event.methodArn);
    const token = tokenOf(event);
    const claims = token === undefined ? { refused: "no token" } : await verify(token);
    if ("refused" in claims) throw unauthorized(claims.refused);
    return { ...policy("Allow", claims.subject, event.methodArn), context: contextOf(claims) };
  };

/** Whether pages of this origin may connect and poll. */
export const isAllowedOrigin = (allowedOrigins: PageAuth["allowedOrigins"], origin: string) =>
  allowedOrigins.includes("*") || allowedOrigins.includes(origin);

/** API Gateway turns exactly this message into a 401. The stack is what Lambda logs, so it has the reason in one line. */
function unauthorized(reason: string): Error {
  const error = new Error("Unauthorized");
  error.stack = `Unauthorized: ${reason}`;
  return error;
}

function policy(Effect: "Allow" | "Deny", principalId: string, Resource: string): Policy {
  const Statement: Policy["policyDocument"]["Statement"] = [{ Action: "execute-api:Invoke", Effect, Resource }];
  return { principalId, policyDocument: { Version: "2012-10-17", Statement } };
}
