import { type IntegrationOutcome, invokeLambda } from "../integration/invoke-lambda.ts";
import { parseJson } from "../integration/json-path.ts";
import { mockStatus } from "../integration/mock-status.ts";
import type { Integration, IntegrationResponse } from "./api-spec.ts";
import type { RequestContext } from "./events.ts";
import { stageArn, type WebSocketStage } from "./stage.ts";

/** A call of a route's integration. */
export interface RouteCall {
  routeKey: string;
  event: unknown;
  context: RequestContext;
  /** The client's message; empty for `$connect` and `$disconnect`. */
  body: string;
  /** Whether the client receives the integration's response. */
  isTwoWay: boolean;
}

/** Runs a route's integration. A MOCK integration returns a status code and perhaps a body, like a function. */
export async function runIntegration(
  stage: WebSocketStage,
  integration: Integration,
  call: RouteCall,
): Promise<IntegrationOutcome> {
  if (integration.type === "mock") return runMock(stage, integration, call);
  return invokeLambda(stage.ports, {
    functionArn: integration.functionArn,
    sourceArn: stageArn(stage, call.routeKey),
    event: call.event,
    timeoutMs: integration.timeoutMs,
  });
}

function runMock(
  stage: WebSocketStage,
  { request, responses }: Extract<Integration, { type: "mock" }>,
  { routeKey, context, body, isTwoWay }: RouteCall,
): IntegrationOutcome {
  const { stageVariables } = stage.api;
  const parsed = parseJson(body);
  try {
    const requestTemplate = request({ body: parsed });
    // A MOCK without templates is the usual way to accept a $connect.
    const rendered = requestTemplate?.({ body, context, stageVariables }) ?? '{"statusCode":200}';
    const statusCode = mockStatus(rendered);
    if (!isTwoWay) return { kind: "returned", payload: { statusCode } };
    const response = responseFor(responses, String(statusCode));
    if (!response) throw new Error(`no IntegrationResponse is for the status ${statusCode}, nor for $default`);
    const template = response.response({ body: parsed, statusCode });
    return {
      kind: "returned",
      payload: { statusCode, body: template?.({ body: rendered, context, stageVariables }) ?? rendered },
    };
  } catch (error) {
    stage.ports.log(`the MOCK integration of route ${routeKey} failed: ${(error as Error).message}`);
    return { kind: "failed", errorMessage: "Internal server error" };
  }
}

function responseFor(responses: IntegrationResponse[], status: string): IntegrationResponse | undefined {
  const matching = responses.find(
    ({ key }) => key !== "$default" && new RegExp(`^(?:${key.slice(1, -1)})$`).test(status),
  );
  return matching ?? responses.find(({ key }) => key === "$default");
}
