import { type PropertyReader, readProperties } from "../../template/property-reader.ts";
import type { Resource, Stack } from "../../template/stack.ts";
import { functionArnOf } from "../integration/lambda-uri.ts";
import { compileMappingTemplate, type MappingTemplate } from "../integration/mapping-template.ts";
import { readThrottle } from "../throttling/read-throttle.ts";
import type { Throttle } from "../throttling/token-bucket.ts";
import { compileSelection, type SelectionScope } from "./selection-expression.ts";

/** A WebSocket API of the template, at one stage. */
export interface WebSocketApi {
  apiId: string;
  stageName: string;
  stageVariables: Record<string, string>;
  selectRoute: (scope: SelectionScope) => string;
  routes: ReadonlyMap<string, Route>;
  throttleOf: (routeKey: string) => Throttle | undefined;
}
export interface Route {
  /** Without one the route accepts whatever comes, and does nothing. */
  integration?: Integration;
  /** Two-way: it has a RouteResponse and a RouteResponseSelectionExpression, which is what AWS asks for. */
  answers: boolean;
  authorizer?: Authorizer;
}
export interface Authorizer {
  id: string;
  functionArn: string;
  identitySources: string[];
}
export type Integration = { timeoutMs: number } & (
  | { type: "lambda"; functionArn: string }
  | { type: "mock"; request: Templates; responses: IntegrationResponse[] }
);
export interface IntegrationResponse {
  /** `$default`, or a regular expression between slashes. */
  key: string;
  response: Templates;
}
/** Chooses among mapping templates; `undefined` if there is none. */
export type Templates = (scope: SelectionScope) => MappingTemplate | undefined;

const maxTimeoutMs = 29_000;

/** @throws if the template uses what this gateway does not support */
export function readWebSocketApis(stack: Stack): WebSocketApi[] {
  const stages = stack.ofType("AWS::ApiGatewayV2::Stage");
  return stack.ofType("AWS::ApiGatewayV2::Api").flatMap((api) => {
    const apiId = stack.physicalId(api.logicalId);
    const reader = readProperties(api).ignore("Name", "Description", "Tags", "IpAddressType");
    reader.ignore("ApiKeySelectionExpression");
    reader.oneOf("ProtocolType", ["WEBSOCKET"]);
    const selectRoute = compileSelection(reader.string("RouteSelectionExpression"));
    if (reader.boolean("DisableExecuteApiEndpoint")) throw new Error(`${api.logicalId} disables its only endpoint here`);
    reader.assertAllRead();
    const routes = readRoutes(stack, apiId);
    return stages
      .filter(({ properties }) => properties.ApiId === apiId)
      .map((stage) => ({ apiId, selectRoute, routes, ...readStage(stage) }));
  });
}

function readStage(stage: Resource): Pick<WebSocketApi, "stageName" | "stageVariables" | "throttleOf"> {
  const reader = readProperties(stage).ignore("ApiId", "Description", "Tags", "AccessLogSettings");
  if (!reader.boolean("AutoDeploy") && reader.optionalString("DeploymentId") === undefined) {
    throw new Error(`${stage.logicalId} has neither AutoDeploy nor a DeploymentId, so nothing is deployed to it`);
  }
  const defaults = reader.object("DefaultRouteSettings");
  const usual = defaults && readRouteSettings(defaults);
  const perRoute = new Map(reader.objectMap("RouteSettings").map(([key, own]) => [key, readRouteSettings(own)]));
  const stageName = reader.string("StageName");
  const stageVariables = reader.stringMap("StageVariables");
  reader.ignore("DeploymentId").assertAllRead();
  return { stageName, stageVariables, throttleOf: (routeKey) => perRoute.get(routeKey) ?? usual };
}

function readRouteSettings(reader: PropertyReader): Throttle | undefined {
  const throttle = readThrottle(reader, "ThrottlingRateLimit", "ThrottlingBurstLimit");
  reader.ignore("DetailedMetricsEnabled", "LoggingLevel", "DataTraceEnabled").assertAllRead();
  return throttle;
}

function readRoutes(stack: Stack, apiId: string): Map<string, Route> {
  const own = (type: string) => stack.ofType(type).filter(({ properties }) => properties.ApiId === apiId);
  const integrations = byId(stack, own("AWS::ApiGatewayV2::Integration"));
  const authorizers = byId(stack, own("AWS::ApiGatewayV2::Authorizer"));
  const integrationResponses = own("AWS::ApiGatewayV2::IntegrationResponse");
  const answered = new Set(own("AWS::ApiGatewayV2::RouteResponse").map(readRouteResponse));

  const readRoute = (resource: Resource): [key: string, Route] => {
    const reader = readProperties(resource).ignore("ApiId", "OperationName");
    const selectsResponse = reader.optionalString("RouteResponseSelectionExpression") !== undefined;
    const route: Route = { answers: selectsResponse && answered.has(stack.physicalId(resource.logicalId)) };
    const target = reader.optionalString("Target");
    if (target !== undefined) {
      const integration = named(integrations, target.replace(/^integrations\//, ""), resource);
      route.integration = readIntegration(stack, integration, integrationResponses);
    }
    if (reader.oneOf("AuthorizationType", ["NONE", "CUSTOM"]) === "CUSTOM") {
      const authorizerId = reader.string("AuthorizerId");
      route.authorizer = readAuthorizer(authorizerId, named(authorizers, authorizerId, resource));
    }
    if (reader.boolean("ApiKeyRequired"))
      throw new Error(`${resource.logicalId}: API keys of WebSockets are not supported`);
    const key = reader.string("RouteKey");
    reader.assertAllRead();
    return [key, route];
  };
  return new Map(own("AWS::ApiGatewayV2::Route").map(readRoute));
}

/** @returns id of the route that it belongs to */
function readRouteResponse(resource: Resource): string {
  const reader = readProperties(resource).ignore("ApiId");
  reader.oneOf("RouteResponseKey", ["$default"]);
  const routeId = reader.string("RouteId");
  reader.assertAllRead();
  return routeId;
}

function readIntegration(stack: Stack, resource: Resource, allResponses: Resource[]): Integration {
  const reader = readProperties(resource).ignore("ApiId", "Description", "ConnectionType", "IntegrationMethod");
  const type = reader.oneOf("IntegrationType", ["AWS_PROXY", "MOCK"]);
  const timeoutMs = reader.optionalNumber("TimeoutInMillis") ?? maxTimeoutMs;
  reader.oneOf("PayloadFormatVersion", ["1.0"]);
  const uri = reader.optionalString("IntegrationUri") ?? "";
  if (type === "AWS_PROXY") {
    reader.ignore("PassthroughBehavior").assertAllRead();
    return { type: "lambda", timeoutMs, functionArn: functionArnOf(uri, resource.logicalId) };
  }
  reader.oneOf("PassthroughBehavior", ["WHEN_NO_MATCH", "NEVER", "WHEN_NO_TEMPLATES"]);
  const request = readTemplates(reader, "RequestTemplates", resource.logicalId);
  reader.assertAllRead();
  const integrationId = stack.physicalId(resource.logicalId);
  const responses = allResponses
    .filter(({ properties }) => properties.IntegrationId === integrationId)
    .map((response) => {
      const own = readProperties(response).ignore("ApiId", "IntegrationId");
      const key = own.string("IntegrationResponseKey");
      if (key !== "$default" && !/^\/.*\/$/.test(key)) {
        throw new Error(`${response.logicalId}: its key should be $default or /a regular expression/, got ${key}`);
      }
      const templates = readTemplates(own, "ResponseTemplates", response.logicalId);
      own.assertAllRead();
      return { key, response: templates };
    });
  return { type: "mock", timeoutMs, request, responses };
}

function readTemplates(reader: PropertyReader, name: string, location: string): Templates {
  const select = compileSelection(reader.optionalString("TemplateSelectionExpression") ?? "$default");
  const templates = new Map(
    Object.entries(reader.stringMap(name)).map(([key, text]) => [key, compileMappingTemplate(text, `${location}.${name}.${key}`)]),
  );
  // The guide keys a message's template by its content type, as for REST; samples that were seen to work use $default.
  return (scope) => templates.get(select(scope)) ?? templates.get("$default") ?? templates.get("application/json");
}

function readAuthorizer(id: string, resource: Resource): Authorizer {
  const reader = readProperties(resource).ignore("ApiId", "Name");
  reader.oneOf("AuthorizerType", ["REQUEST"]);
  const functionArn = functionArnOf(reader.string("AuthorizerUri"), resource.logicalId);
  const identitySources = reader.strings("IdentitySource");
  for (const source of identitySources) {
    if (/^(?:route\.request\.(?:header|querystring)|stageVariables)\.[\w-]+$/.test(source)) continue;
    throw new Error(
      `${resource.logicalId}: the identity source ${source} is not supported; allowed are route.request.header.…, route.request.querystring.… and stageVariables.…`,
    );
  }
  reader.assertAllRead();
  return { id, functionArn, identitySources };
}

const byId = (stack: Stack, resources: Resource[]) =>
  new Map(resources.map((resource) => [stack.physicalId(resource.logicalId), resource]));

function named(resources: Map<string, Resource>, id: string, { logicalId }: Resource): Resource {
  const found = resources.get(id);
  if (!found) throw new Error(`${logicalId} refers to ${id}, which its API does not have`);
  return found;
}
