import type { IncomingMessage, ServerResponse } from "node:http";
import type { StageEndpoint } from "../stage/endpoint.ts";
import type { GatewayPorts } from "../stage/ports.ts";
import { readRequest } from "../stage/request.ts";
import { readBody, send, sendOnSocket } from "../stage/response.ts";
import type { AccountLimits } from "../throttling/account-limits.ts";
import { bucketPerKey } from "../throttling/token-bucket.ts";
import { admit } from "./admit.ts";
import type { RestApi } from "./api-spec.ts";
import { type RestRequest, restContext } from "./event.ts";
import { type Rejection, rejectionResponse } from "./gateway-responses.ts";
import { type Match, matchResource } from "./match-resource.ts";
import { runLambda, runMock, type SendResponse } from "./run-integration.ts";
import type { FindApiKey } from "./usage-plans.ts";

export interface RestEndpointOptions {
  api: RestApi;
  region: string;
  accountId: string;
  ports: GatewayPorts;
  limits: AccountLimits;
  findApiKey: FindApiKey;
}

/** API Gateway's limit: 10 MB. */
const maxBodyBytes = 10_485_760;
// Hop-by-hop headers and those of the body's encoding. API Gateway does not pass them on.
const droppedHeaders = new Set(
  "connection content-length expect keep-alive te trailer transfer-encoding upgrade proxy-authorization".split(" "),
);

/** Serves one REST stage. */
export function createRestEndpoint(options: RestEndpointOptions): StageEndpoint {
  const { api, ports } = options;
  const takeMethod = bucketPerKey(api.throttleOf, ports.clock);
  return {
    stageName: api.stageName,
    handleRequest: async (request, response) => {
      const body = await readBody(request, maxBodyBytes);
      const sendResponse = body ? await serve(options, takeMethod, request, body) : sendTooLong;
      sendResponse(response);
    },
    handleUpgrade: (_, socket) => {
      ports.log(`a client requested a WebSocket at /${api.stageName}, which is the stage of a REST API`);
      sendOnSocket(socket, rejectionResponse(api.gatewayResponses, "notFound", {}, api.stageVariables));
    },
    close: () => Promise.resolve(),
  };
}

// API Gateway rejects such a request before it selects the API, so no gateway response overrides this one.
const sendTooLong: SendResponse = (response: ServerResponse) =>
  send(response, {
    status: 413,
    headers: { "content-type": "text/plain" },
    body: `HTTP content length exceeded ${maxBodyBytes} bytes.`,
  });

/** Matches a request to a method, checks that it may pass, and runs the method's integration. */
async function serve(
  options: RestEndpointOptions,
  takeMethod: (methodKey: string) => boolean,
  request: IncomingMessage,
  body: Buffer,
): Promise<SendResponse> {
  const { api, ports } = options;
  const restRequest = toRestRequest(options, request);
  const match = matchResource(api.resources, restRequest.httpMethod, restRequest.path);
  if (!match) return rejected(restRequest, undefined, "notFound");
  const { caller, rejection } = await admit({ ...options, takeMethod, request, body, restRequest, match });
  const admitted = { ...restRequest, ...caller };
  const reject = (reason: Rejection) => rejected(admitted, match, reason);
  if (rejection !== undefined) return reject(rejection);
  const { integration } = match.method;
  const call = { ports, restRequest: admitted, match, body, reject };
  return integration.type === "mock" ? runMock(call, integration) : runLambda(call, integration);
}

function rejected(restRequest: RestRequest, match: Match | undefined, rejection: Rejection): SendResponse {
  const { gatewayResponses, stageVariables } = restRequest.api;
  const content = rejectionResponse(gatewayResponses, rejection, restContext(restRequest, match), stageVariables);
  return (response) => send(response, content);
}

function toRestRequest({ api, region, accountId, ports }: RestEndpointOptions, request: IncomingMessage): RestRequest {
  const details = readRequest(request, `${api.apiId}.execute-api.${region}.amazonaws.com`, droppedHeaders);
  return {
    ...{ api, region, accountId, details },
    httpMethod: request.method ?? "GET",
    path: details.path.slice(api.stageName.length + 1) || "/",
    now: ports.clock.now(),
    apiKey: undefined,
    userArn: undefined,
  };
}
