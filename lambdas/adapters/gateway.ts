import {
  type ApiGatewayManagementApiClient,
  GetConnectionCommand,
  PostToConnectionCommand,
} from "@aws-sdk/client-apigatewaymanagementapi";
import type { Gateway, PostOutcome } from "../domain/ports.ts";

/** A post to a peer whose line is half dead may hang for ever. */
const answerWithinMs = 3_000;

/** API Gateway's `@connections`. The client should not retry by itself: one attempt is one request. */
export function gatewayVia(client: Pick<ApiGatewayManagementApiClient, "send">): Gateway {
  const options = () => ({ abortSignal: AbortSignal.timeout(answerWithinMs) });

  return {
    async post(ConnectionId, Data): Promise<PostOutcome> {
      try {
        await client.send(new PostToConnectionCommand({ ConnectionId, Data }), options());
        return "sent";
      } catch (error) {
        const status = statusOf(error);
        if (status === 410) return "gone";
        if (status === 429) return "slow";
        if (status !== undefined && status >= 500) return "failed";
        if (isTimeout(error)) return "unknown";
        if (status === undefined) return "failed";
        throw error;
      }
    },

    async isOpen(connectionId) {
      try {
        await client.send(new GetConnectionCommand({ ConnectionId: connectionId }), options());
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

const isTimeout = (error: unknown) =>
  error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError");
