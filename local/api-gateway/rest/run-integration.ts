import type { ServerResponse } from "node:http";
import { invokeLambda, maxEventBytes } from "../integration/invoke-lambda.ts";
import { mockStatus } from "../integration/mock-status.ts";
import { readProxyResult } from "../integration/proxy-result.ts";
import type { GatewayPorts } from "../stage/ports.ts";
import { send } from "../stage/response.ts";
import type { Integration } from "./api-spec.ts";
import { methodArn, type RestRequest, restContext, restEvent } from "./event.ts";
import type { Rejection } from "./gateway-responses.ts";
import type { Match } from "./match-resource.ts";
import { sendProxyResult } from "./proxy-response.ts";

/** Sends the response that was determined. */
export type SendResponse = (response: ServerResponse) => void;

/** A request that was admitted. */
export interface MethodCall {
  ports: GatewayPorts;
  restRequest: RestRequest;
  match: Match;
  body: Buffer;
  /** The response to a request that fails now. */
  reject: (rejection: Rejection) => SendResponse;
}

const rejections = { timedOut: "timedOut", noPermission: "misconfigured", failed: "badGateway" } as const;

/** Runs a proxy integration (AWS_PROXY). */
export async function runLambda(
  { ports, restRequest, match, body, reject }: MethodCall,
  { functionArn, timeoutMs }: Extract<Integration, { type: "lambda" }>,
): Promise<SendResponse> {
  const event = restEvent(restRequest, match, restContext(restRequest, match), body);
  if (Buffer.byteLength(JSON.stringify(event)) > maxEventBytes) return reject("tooLarge");
  const sourceArn = methodArn(restRequest, match.resource.path.replace(/\{[^}]+\}/g, "*"));
  const outcome = await invokeLambda(ports, { functionArn, sourceArn, event, timeoutMs });
  if (outcome.kind !== "returned") return reject(rejections[outcome.kind]);
  const result = readProxyResult(outcome.payload);
  if (result) return (response) => sendProxyResult(response, result);
  ports.log(`${functionArn}: malformed Lambda proxy response`);
  return reject("badGateway");
}

/** Runs a MOCK integration: its request template selects the status code, and the status code a response. */
export function runMock(
  { ports, restRequest, match, body, reject }: MethodCall,
  { request, responses }: Extract<Integration, { type: "mock" }>,
): SendResponse {
  const { stageName, stageVariables } = restRequest.api;
  const context = restContext(restRequest, match);
  try {
    const rendered = request?.({ body: body.toString(), context, stageVariables }) ?? "";
    const status = String(mockStatus(rendered));
    const selected =
      responses.find(({ pattern }) => pattern?.test(status)) ?? responses.find(({ pattern }) => pattern === undefined);
    if (!selected) throw new Error(`no IntegrationResponse is for the status ${status}, and there is no default one`);
    const text = selected.body?.({ body: rendered, context, stageVariables }) ?? "";
    return (response) => send(response, { status: selected.status, headers: selected.headers, body: text });
  } catch (error) {
    ports.log(`a MOCK integration of stage ${stageName} failed: ${(error as Error).message}`);
    return reject("misconfigured");
  }
}
