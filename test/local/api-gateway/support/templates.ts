import type { TemplateResource } from "../../../../local/template/assembly.ts";

export type Resources = Record<string, TemplateResource>;

const lambdaUri = (fn: string) => ({
  "Fn::Join": [
    "",
    ["arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/", { "Fn::GetAtt": [fn, "Arn"] }, "/invocations"],
  ],
});
const of = (Type: string, Properties: Record<string, unknown>): TemplateResource => ({ Type, Properties });
const v2 = (name: string, properties: Record<string, unknown>) =>
  of(`AWS::ApiGatewayV2::${name}`, { ApiId: { Ref: "Socket" }, ...properties });
const v1 = (name: string, properties: Record<string, unknown>) =>
  of(`AWS::ApiGateway::${name}`, { RestApiId: { Ref: "Rest" }, ...properties });
const fn = of("AWS::Lambda::Function", {});

/** A WebSocket API `/socket` with these routes. */
export const socketApi = (routes: Resources, stage: Record<string, unknown> = {}): Resources => ({
  Socket: of("AWS::ApiGatewayV2::Api", { ProtocolType: "WEBSOCKET", RouteSelectionExpression: "$request.body.action" }),
  WebSocketStage: v2("Stage", { StageName: "socket", AutoDeploy: true, ...stage }),
  ...routes,
});

/** A route to the function `{name}Fn`, with the same name as the route. */
export const lambdaRoute = (
  key: string,
  { isTwoWay = false, route = {}, integration = {} }: RouteOptions = {},
): Resources => {
  const name = key.replace(/\W/g, "");
  return {
    [`${name}Fn`]: fn,
    [`${name}Integration`]: v2("Integration", {
      IntegrationType: "AWS_PROXY",
      IntegrationUri: lambdaUri(`${name}Fn`),
      ...integration,
    }),
    ...routeOf(key, name, isTwoWay, route),
  };
};
interface RouteOptions {
  isTwoWay?: boolean;
  route?: Record<string, unknown>;
  integration?: Record<string, unknown>;
}

/** A route with a MOCK integration. */
export const mockRoute = (
  key: string,
  request: Record<string, unknown>,
  responses: Record<string, string>,
  isTwoWay = true,
): Resources => {
  const name = key.replace(/\W/g, "");
  const integrationResponses = Object.entries(responses).map(([responseKey, template], index) => [
    `${name}IntegrationResponse${index}`,
    v2("IntegrationResponse", {
      IntegrationId: { Ref: `${name}Integration` },
      IntegrationResponseKey: responseKey,
      ResponseTemplates: { $default: template },
      TemplateSelectionExpression: "\\$default",
    }),
  ]);
  return {
    [`${name}Integration`]: v2("Integration", { IntegrationType: "MOCK", IntegrationUri: "", ...request }),
    ...Object.fromEntries(integrationResponses),
    ...routeOf(key, name, isTwoWay),
  };
};

const routeOf = (key: string, name: string, isTwoWay: boolean, route: Record<string, unknown> = {}): Resources => ({
  [`${name}Route`]: v2("Route", {
    RouteKey: key,
    Target: { "Fn::Join": ["", ["integrations/", { Ref: `${name}Integration` }]] },
    ...(isTwoWay ? { RouteResponseSelectionExpression: "$default" } : {}),
    ...route,
  }),
  ...(isTwoWay
    ? {
        [`${name}RouteResponse`]: v2("RouteResponse", {
          RouteId: { Ref: `${name}Route` },
          RouteResponseKey: "$default",
        }),
      }
    : {}),
});

/** A Lambda authorizer for `lambdaRoute("$connect", { route: authorized })`. */
export const authorizer = (identitySources: string[] = []): Resources => ({
  authorizeFn: fn,
  Authorizer: v2("Authorizer", {
    AuthorizerType: "REQUEST",
    AuthorizerUri: lambdaUri("authorizeFn"),
    IdentitySource: identitySources,
    Name: "authorizer",
  }),
});
export const authorized = { AuthorizationType: "CUSTOM", AuthorizerId: { Ref: "Authorizer" } };

/** A REST API `/api`. */
export const restApi = (resources: Resources, stage: Record<string, unknown> = {}): Resources => ({
  Rest: of("AWS::ApiGateway::RestApi", { Name: "rest" }),
  RestDeployment: v1("Deployment", {}),
  RestStage: v1("Stage", { StageName: "api", DeploymentId: { Ref: "RestDeployment" }, ...stage }),
  ...resources,
});

/** A method on a path such as `/push`; it calls the function `{name}Fn`. */
export const restMethod = (
  httpMethod: string,
  path: string,
  { name, method = {}, integration = {} }: MethodOptions,
): Resources => {
  const parts = path
    .split("/")
    .slice(1)
    .filter((part) => part !== "");
  const idOf = (depth: number) => `Path${parts.slice(0, depth).join("_").replace(/\W/g, "x")}`;
  const parent = (depth: number) => (depth === 0 ? { "Fn::GetAtt": ["Rest", "RootResourceId"] } : { Ref: idOf(depth) });
  const resources = parts.map((PathPart, at) => [idOf(at + 1), v1("Resource", { ParentId: parent(at), PathPart })]);
  return {
    ...Object.fromEntries(resources),
    [`${name}Fn`]: fn,
    [`${name}Method`]: v1("Method", {
      HttpMethod: httpMethod,
      ResourceId: parent(parts.length),
      AuthorizationType: "NONE",
      Integration: { Type: "AWS_PROXY", IntegrationHttpMethod: "POST", Uri: lambdaUri(`${name}Fn`), ...integration },
      ...method,
    }),
  };
};
interface MethodOptions {
  name: string;
  method?: Record<string, unknown>;
  integration?: Record<string, unknown>;
}

export const gatewayResponse = (type: string, properties: Record<string, unknown>): Resources => ({
  [`Response${type.replace(/\W/g, "")}`]: v1("GatewayResponse", { ResponseType: type, ...properties }),
});

/** An API key with a fixed value, in a usage plan for the stage `/api`. */
export const usagePlan = (plan: Record<string, unknown> = {}, value = "s3cret-key-of-20-chars"): Resources => ({
  Key: of("AWS::ApiGateway::ApiKey", { Enabled: true, Value: value }),
  Plan: of("AWS::ApiGateway::UsagePlan", {
    ApiStages: [{ ApiId: { Ref: "Rest" }, Stage: { Ref: "RestStage" }, Throttle: {} }],
    ...plan,
  }),
  PlanKey: of("AWS::ApiGateway::UsagePlanKey", {
    KeyId: { Ref: "Key" },
    KeyType: "API_KEY",
    UsagePlanId: { Ref: "Plan" },
  }),
});
