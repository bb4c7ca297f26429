import type { IncomingMessage, ServerResponse } from "node:http";
import { invokeLambda, lambdaPayloadBytes } from "../integration/invoke-lambda.ts";
import { mockStatus } from "../integration/mock-status.ts";
import { readProxyResult } from "../integration/proxy-result.ts";
import { authenticateCaller } from "../stage/authenticate.ts";
import type { StageEndpoint } from "../stage/endpoint.ts";
import type { GatewayPorts } from "../stage/ports.ts";
import { readRequest, headerOf } from "../stage/request.ts";
import { readBody, send, sendRaw } from "../stage/response.ts";
import type { AccountLimits } from "../throttling/account-limits.ts";
import { bucketPerKey } from "../throttling/token-bucket.ts";
import type { Integration, RestApi } from "./api-spec.ts";
import { type RestRequest, restContext, restEvent } from "./event.ts";
import { type Refusal, gatewayResponseFor } from "./gateway-responses.ts";
import { type Match, matchResource } from "./match-resource.ts";
import { writeProxyResult } from "./proxy-response.ts";
import type { FindApiKey } from "./usage-plans.ts";

export interface RestEndpointOptions {
  api: RestApi;
  region: string;
  accountId: string;
  ports: GatewayPorts;
  quota: AccountLimits;
  findApiKey: FindApiKey;
}
type Reply = (response: ServerResponse) => void;

const bodyLimitBytes = 10_485_760;
// Hop-by-hop, or about the form of the body; API Gateway keeps them to itself.
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
      const body = await readBody(request, bodyLimitBytes);
      const reply = body ? await answer(options, takeMethod, request, body) : tooLongForAnybody;
      reply(response);
    },
    handleUpgrade: (_, socket) => {
      ports.log(`a WebSocket was asked for at /${api.stageName}, which is the stage of a REST API`);
      sendRaw(socket, gatewayResponseFor(api.gatewayResponses, "notFound", {}, api.stageVariables));
    },
    close: () => Promise.resolve(),
  };
}

// The one refusal that no gateway response rewords: it comes from in front of the API.
const tooLongForAnybody: Reply = (response) =>
  send(response, {
    status: 413,
    headers: { "content-type": "text/plain" },
    body: `HTTP content length exceeded ${bodyLimitBytes} bytes.`,
  });

async function answer(
  options: RestEndpointOptions,
  takeMethod: (methodKey: string) => boolean,
  request: IncomingMessage,
  body: Buffer,
): Promise<Reply> {
  const { api, region, accountId, ports, quota, findApiKey } = options;
  const httpMethod = request.method ?? "GET";
  const facts = readRequest(request, `${api.apiId}.execute-api.${region}.amazonaws.com`, droppedHeaders);
  const path = facts.path.slice(api.stageName.length + 1) || "/";
  const now = ports.clock.now();
  const caller = { apiKey: undefined, userArn: undefined };
  const seen: RestRequest = { api, region, accountId, httpMethod, facts, path, now, ...caller };
  const match = matchResource(api.resources, httpMethod, path);
  const refuse = (refusal: Refusal): Reply => {
    const refused = gatewayResponseFor(api.gatewayResponses, refusal, restContext(seen, match), api.stageVariables);
    return (response) => send(response, refused);
  };
  if (!match) return refuse("notFound");

  if (match.method.isSigned) {
    const signer = await authenticateCaller(request, body, { iam: ports.iam, region });
    if (!signer.ok) return refuse(request.headers.authorization === undefined ? "notFound" : "invalidSignature");
    const unauthorized = ports.iam.denial(signer.principal, "execute-api:Invoke", methodArn(seen, path));
    if (unauthorized !== undefined) return refuse("accessDenied");
    seen.userArn = signer.principal.arn;
  }
  const methodKey = `${match.resource.path}/${httpMethod}`;
  const given = headerOf(facts.headers, "x-api-key");
  if (match.method.apiKeyRequired) {
    const use = given === undefined ? undefined : findApiKey(given, api);
    if (given === undefined || !use) return refuse("invalidApiKey");
    seen.apiKey = { id: use.id, value: given };
    const exceeded = use.take(methodKey);
    if (exceeded) return refuse(exceeded);
  }
  if (!quota.request() || !takeMethod(methodKey)) return refuse("throttled");
  const { integration } = match.method;
  if (integration.type === "mock") {
    return runMock(options, integration, { body, context: restContext(seen, match), refuse });
  }
  return runLambda(options, { seen, match, body, integration, refuse });
}

interface LambdaRun {
  seen: RestRequest;
  match: Match;
  body: Buffer;
  integration: Extract<Integration, { type: "lambda" }>;
  refuse: (refusal: Refusal) => Reply;
}

async function runLambda({ ports }: RestEndpointOptions, run: LambdaRun): Promise<Reply> {
  const { seen, match, body, integration, refuse } = run;
  const event = restEvent(seen, match, restContext(seen, match), body);
  if (Buffer.byteLength(JSON.stringify(event)) > lambdaPayloadBytes) return refuse("tooLarge");
  const outcome = await invokeLambda(ports, {
    functionArn: integration.functionArn,
    sourceArn: methodArn(seen, match.resource.path.replace(/\{[^}]+\}/g, "*")),
    event,
    timeoutMs: integration.timeoutMs,
  });
  if (outcome.kind === "timedOut") return refuse("timedOut");
  if (outcome.kind === "noPermission") return refuse("misconfigured");
  const result = outcome.kind === "answered" ? readProxyResult(outcome.payload) : undefined;
  if (!result) {
    if (outcome.kind === "answered") ports.log(`${integration.functionArn}: malformed Lambda proxy response`);
    return refuse("badGateway");
  }
  return (response) => writeProxyResult(response, result);
}

function runMock(
  { api, ports }: RestEndpointOptions,
  { request, responses }: Extract<Integration, { type: "mock" }>,
  { body, context, refuse }: { body: Buffer; context: Record<string, unknown>; refuse: (refusal: Refusal) => Reply },
): Reply {
  const { stageVariables } = api;
  try {
    const rendered = request?.({ body: body.toString(), context, stageVariables }) ?? "";
    const status = String(mockStatus(rendered));
    const chosen =
      responses.find(({ pattern }) => pattern?.test(status)) ?? responses.find(({ pattern }) => pattern === undefined);
    if (!chosen) throw new Error(`no IntegrationResponse is for the status ${status}, nor the default one`);
    const { headers, status: httpStatus } = chosen;
    const text = chosen.body?.({ body: rendered, context, stageVariables }) ?? "";
    return (response) => send(response, { status: httpStatus, headers, body: text });
  } catch (error) {
    ports.log(`a MOCK integration of stage ${api.stageName} failed: ${(error as Error).message}`);
    return refuse("misconfigured");
  }
}

const methodArn = ({ api, region, accountId, httpMethod }: RestRequest, path: string) =>
  `arn:aws:execute-api:${region}:${accountId}:${api.apiId}/${api.stageName}/${httpMethod}${path}`;
