import { type ApiGatewayManagementApiClient, GetConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";
import type { Gateway } from "../../domain/model/gateway.ts";

/** Limit for a response of API Gateway: a post to a half-open connection may hang for minutes. */
export const responseTimeoutMs = 3_000;

/**
 * API Gateway's `@connections` API. Posts use our own HTTP client, because they are many; `GetConnection` is rare and uses the
 * SDK.
 *
 * @param client should be configured without retries
 */
export function apiGateway(client: Pick<ApiGatewayManagementApiClient, "send">, post: Gateway["post"]): Gateway {
  return {
    post,

    async isOpen(connectionId) {
      try {
        const command = new GetConnectionCommand({ ConnectionId: connectionId });
        await client.send(command, { abortSignal: AbortSignal.timeout(responseTimeoutMs) });
        return true;
      } catch (error) {
        if (statusOf(error) === 410) return false;
        // 403 and 400 are our own mistakes. Any other failure proves nothing, and only a proof ends a membership.
        if (statusOf(error) === 403 || statusOf(error) === 400) throw error;
        return true;
      }
    },
  };
}

/** The HTTP status. Not the error's name, which a 410 has only if API Gateway sends `x-amzn-errortype`. */
function statusOf(error: unknown): number | undefined {
  const metadata = error instanceof Error && "$metadata" in error ? (error.$metadata as object) : {};
  return "httpStatusCode" in metadata ? (metadata.httpStatusCode as number | undefined) : undefined;
}
