import { type PropertyReader, readProperties } from "../../template/property-reader.ts";
import type { Resource, Stack } from "../../template/stack.ts";
import { maxTimeoutMs } from "../integration/invoke-lambda.ts";
import { functionArnOf } from "../integration/lambda-uri.ts";
import { compileMappingTemplate, type MappingTemplate } from "../integration/mapping-template.ts";
import { readThrottle } from "../throttling/read-throttle.ts";
import type { Throttle } from "../throttling/token-bucket.ts";
import { compileSelection, type SelectionScope } from "./selection-expression.ts";

/** One stage of a WebSocket API of the template. */
export interface WebSocketApi {
  apiId: string;
  stageName: string;
  stageVariables: Record<string, string>;
  /** The route key for a message. */
  selectRoute: (scope: SelectionScope) => string;
  /** By route key. */
  routes: ReadonlyMap<string, Route>;
  /** The throttle of a route; `undefined` if it has none. */
  throttleOf: (routeKey: string) => Throttle | undefined;
}
export interface Route {
  /** A route without an integration accepts every message and does nothing. */
  integration?: Integration;
  /**
   * Whether the client receives the integration's response. AWS requires both a RouteResponse and a
   * RouteResponseSelectionExpression.
   */
  isTwoWay: boolean;
  authorizer?: Authorizer;
}
/** A Lambda authorizer of `$connect`. */
export interface Authorizer {
  id: string;
  functionArn: string;
  /** Such as `route.request.querystring.token`. A handshake that lacks one is rejected with 401. */
  identitySources: string[];
}
/** What a route runs. */
export type Integration = { timeoutMs: number } & (
  | { type: "lambda"; functionArn: string }
  | { type: "mock"; request: Templates; responses: IntegrationResponse[] }
);
/** An IntegrationResponse of a MOCK integration. */
export interface IntegrationResponse {
  /** `$default`, or a regular expression between slashes. */
  key: string;
  response: Templates;
}
/** Selects a mapping template; `undefined` if none applies. */
export type Templates = (scope: SelectionScope) => MappingTemplate | undefined;

/** @throws if the template uses a feature that the local gateway does not support */
export function readWebSocketApis(stack: Stack): WebSocketApi[] {
  const stages = stack.ofType("AWS::ApiGatewayV2::Stage");
  return stack.ofType("AWS::ApiGatewayV2::Api").flatMap((api) => {
    const apiId = stack.physicalId(api.logicalId);
    const reader = readProperties(api).ignore("Name", "Description", "Tags", "IpAddressType");
    reader.ignore("ApiKeySelectionExpression");
    reader.oneOf("ProtocolType", ["WEBSOCKET"]);
    const selectRoute = compileSelection(reader.string("RouteSelectionExpression"));
    if (reader.boolean("DisableExecuteApiEndpoint"))
      throw new Error(`${api.logicalId} sets DisableExecuteApiEndpoint, but the local gateway has no other endpoint`);
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
    throw new Error(
      `${stage.logicalId} has neither AutoDeploy nor a DeploymentId, so nothing is deployed to it; set one of them`,
    );
  }
  const defaultSettings = reader.object("DefaultRouteSettings");
  const defaultThrottle = defaultSettings && readRouteSettings(defaultSettings);
  const perRoute = new Map(
    reader.objectMap("RouteSettings").map(([key, settings]) => [key, readRouteSettings(settings)]),
  );
  const stageName = reader.string("StageName");
  const stageVariables = reader.stringMap("StageVariables");
  reader.ignore("DeploymentId").assertAllRead();
  return { stageName, stageVariables, throttleOf: (routeKey) => perRoute.get(routeKey) ?? defaultThrottle };
}

function readRouteSettings(reader: PropertyReader): Throttle | undefined {
  const throttle = readThrottle(reader, "ThrottlingRateLimit", "ThrottlingBurstLimit");
  reader.ignore("DetailedMetricsEnabled", "LoggingLevel", "DataTraceEnabled").assertAllRead();
  return throttle;
}

function readRoutes(stack: Stack, apiId: string): Map<string, Route> {
  const ofApi = (type: string) => stack.ofType(type).filter(({ properties }) => properties.ApiId === apiId);
  const integrations = byId(stack, ofApi("AWS::ApiGatewayV2::Integration"));
  const authorizers = byId(stack, ofApi("AWS::ApiGatewayV2::Authorizer"));
  const integrationResponses = ofApi("AWS::ApiGatewayV2::IntegrationResponse");
  const routesWithResponse = new Set(ofApi("AWS::ApiGatewayV2::RouteResponse").map(readRouteResponse));

  const readRoute = (resource: Resource): [key: string, Route] => {
    const reader = readProperties(resource).ignore("ApiId", "OperationName");
    const selectsResponse = reader.optionalString("RouteResponseSelectionExpression") !== undefined;
    const route: Route = { isTwoWay: selectsResponse && routesWithResponse.has(stack.physicalId(resource.logicalId)) };
    const target = reader.optionalString("Target");
    if (target !== undefined) {
      const integration = referenced(integrations, target.replace(/^integrations\//, ""), resource);
      route.integration = readIntegration(stack, integration, integrationResponses);
    }
    if (reader.oneOf("AuthorizationType", ["NONE", "CUSTOM"]) === "CUSTOM") {
      const authorizerId = reader.string("AuthorizerId");
      route.authorizer = readAuthorizer(authorizerId, referenced(authorizers, authorizerId, resource));
    }
    if (reader.boolean("ApiKeyRequired"))
      throw new Error(
        `${resource.logicalId}: API keys of WebSockets are not supported by the local gateway; remove ApiKeyRequired`,
      );
    const key = reader.string("RouteKey");
    reader.assertAllRead();
    return [key, route];
  };
  return new Map(ofApi("AWS::ApiGatewayV2::Route").map(readRoute));
}

/** @returns the id of its route */
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
      const responseReader = readProperties(response).ignore("ApiId", "IntegrationId");
      const key = responseReader.string("IntegrationResponseKey");
      if (key !== "$default" && !/^\/.*\/$/.test(key)) {
        throw new Error(`${response.logicalId}: its key should be $default or /a regular expression/, got ${key}`);
      }
      const templates = readTemplates(responseReader, "ResponseTemplates", response.logicalId);
      responseReader.assertAllRead();
      return { key, response: templates };
    });
  return { type: "mock", timeoutMs, request, responses };
}

function readTemplates(reader: PropertyReader, name: string, location: string): Templates {
  const select = compileSelection(reader.optionalString("TemplateSelectionExpression") ?? "$default");
  const templates = new Map(
    Object.entries(reader.stringMap(name)).map(([key, text]) => [
      key,
      compileMappingTemplate(text, `${location}.${name}.${key}`),
    ]),
  );
  // The developer guide uses the content type as the key, as for REST. Samples that work on AWS use $default.
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

function referenced(resources: Map<string, Resource>, id: string, { logicalId }: Resource): Resource {
  const found = resources.get(id);
  if (!found) throw new Error(`${logicalId} refers to ${id}, which is not a resource of its API`);
  return found;
}
