import { type ApiGatewayManagementApiClient, GetConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";
import type { Gateway } from "../../domain/model/gateway.ts";

/** A post to a peer whose line is half dead may hang for ever. */
export const responseTimeoutMs = 3_000;

/**
 * API Gateway's `@connections`: posts by a way of their own, as there are many, and the rare question by the SDK, whose
 * client should not retry by itself.
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
        // In doubt it is open: nobody loses a place because a question was not answered.
        if (statusOf(error) === 403 || statusOf(error) === 400) throw error;
        return true;
      }
    },
  };
}

/** By status, not by name: without its header a 410 has no name that one could know. */
function statusOf(error: unknown): number | undefined {
  const metadata = error instanceof Error && "$metadata" in error ? (error.$metadata as object) : {};
  return "httpStatusCode" in metadata ? (metadata.httpStatusCode as number | undefined) : undefined;
}
