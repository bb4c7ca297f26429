import { describe, expect, test } from "vitest";
import { routes, type ServerFrame } from "../../protocol/frames.ts";
import { type Resource, readable, resourcesOf, synthesize } from "./synthesize.ts";

const template = synthesize({ socketRateLimit: 90, socketBurstLimit: 99 });
const routeEntries = Object.entries(resourcesOf(template, "AWS::ApiGatewayV2::Route"));
const routeIdOf = new Map(routeEntries.map(([id, route]) => [route.Properties.RouteKey, id]));
const routeOf = (key: string) =>
  resourcesOf(template, "AWS::ApiGatewayV2::Route")[routeIdOf.get(key) ?? ""]?.Properties;
const integrationIdOf = (key: string) => /<(.+)>$/.exec(withIds(routeOf(key).Target))?.[1] ?? "";
const integrationOf = (key: string) =>
  resourcesOf(template, "AWS::ApiGatewayV2::Integration")[integrationIdOf(key)]?.Properties;
const stage = Object.values(resourcesOf(template, "AWS::ApiGatewayV2::Stage"))[0] as Resource;

/** The text of a template value. References become logical ids. */
function withIds(value: { "Fn::Join": [string, (string | { Ref: string })[]] }): string {
  const [separator, parts] = value["Fn::Join"];
  return parts.map((part) => (typeof part === "string" ? part : `<${part.Ref}>`)).join(separator);
}

test("the action of a frame selects the route", () => {
  const [api] = Object.values(resourcesOf(template, "AWS::ApiGatewayV2::Api"));
  expect(api?.Properties).toMatchObject({
    ProtocolType: "WEBSOCKET",
    RouteSelectionExpression: "$request.body.action",
  });
});

test("the API has a route for each action of the protocol, and the default route", () => {
  expect([...routeIdOf.keys()].toSorted()).toEqual(
    ["$connect", "$disconnect", "$default", ...Object.keys(routes)].toSorted(),
  );
});

describe("replies", () => {
  const replies = { ...routes, $connect: "silent", $disconnect: "silent", $default: "answered" } as const;

  test.each(Object.entries(replies))("%s: %s", (key, reply) => {
    const isTwoWay = reply !== "silent" && reply !== "posted";
    const responses = Object.values(resourcesOf(template, "AWS::ApiGatewayV2::RouteResponse"))
      .filter(({ Properties }) => Properties.RouteId.Ref === routeIdOf.get(key))
      .map(({ Properties }) => Properties.RouteResponseKey);
    expect(responses).toEqual(isTwoWay ? ["$default"] : []);
    expect(routeOf(key).RouteResponseSelectionExpression).toBe(isTwoWay ? "$default" : undefined);
    expect(integrationOf(key).IntegrationType).toBe(reply === "mock" ? "MOCK" : "AWS_PROXY");
  });

  test.each(Object.entries(replies).filter(([, reply]) => reply !== "mock"))(
    "API Gateway may invoke the socket function for %s",
    (key) => {
      const sources = Object.values(resourcesOf(template, "AWS::Lambda::Permission"))
        .filter(({ Properties }) => readable(template, Properties.FunctionName) === "<SocketApi/Socket.Arn>")
        .map(({ Properties }) => readable(template, Properties.SourceArn));
      expect(sources).toContain(
        `arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<SocketApi/Api>/*${key}`,
      );
      expect(readable(template, integrationOf(key).IntegrationUri)).toContain("<SocketApi/Socket.Arn>/invocations");
    },
  );
});

test("API Gateway itself replies to heartbeats, with a frame of the protocol", () => {
  expect(integrationOf("heartbeat")).toMatchObject({
    RequestTemplates: { $default: '{"statusCode":200}' },
    TemplateSelectionExpression: "\\$default",
  });
  const responses = Object.values(resourcesOf(template, "AWS::ApiGatewayV2::IntegrationResponse"));
  expect(responses).toHaveLength(1);
  const { Properties } = responses[0] as Resource;
  expect(Properties).toMatchObject({
    IntegrationId: { Ref: integrationIdOf("heartbeat") },
    IntegrationResponseKey: "$default",
    TemplateSelectionExpression: "\\$default",
  });
  const alive: ServerFrame = { type: "heartbeat", eventName: "heartbeatResp", data: { code: "2008", msg: "alive" } };
  expect(JSON.parse(Properties.ResponseTemplates.$default)).toEqual(alive);
  // Both have a meaning in mapping templates.
  expect(Properties.ResponseTemplates.$default).not.toMatch(/[$#]/);
});

describe("the handshake", () => {
  test("is authorized by a function, also without headers or a query string", () => {
    const [[id, authorizer] = ["", undefined]] = Object.entries(resourcesOf(template, "AWS::ApiGatewayV2::Authorizer"));
    expect(authorizer?.Properties).toMatchObject({ AuthorizerType: "REQUEST", IdentitySource: [] });
    expect(readable(template, authorizer?.Properties.AuthorizerUri)).toContain("<SocketApi/Authorize.Arn>/invocations");
    expect(routeOf("$connect")).toMatchObject({ AuthorizationType: "CUSTOM", AuthorizerId: { Ref: id } });
    const sources = Object.values(resourcesOf(template, "AWS::Lambda::Permission"))
      .filter(({ Properties }) => readable(template, Properties.FunctionName) === "<SocketApi/Authorize.Arn>")
      .map(({ Properties }) => readable(template, Properties.SourceArn));
    expect(sources).toEqual([expect.stringMatching(/<SocketApi\/Api>\/authorizers\/<.*Authorizer>$/)]);
  });
});

describe("the stage", () => {
  // API Gateway has one token bucket per route: a common limit would allow eleven times as much.
  test("is throttled by route: acks and heartbeats by their share of the limit, every other route by the rest", () => {
    expect(stage.Properties.RouteSettings).toEqual({
      ack: { ThrottlingRateLimit: 70, ThrottlingBurstLimit: 77 },
      heartbeat: { ThrottlingRateLimit: 70, ThrottlingBurstLimit: 77 },
    });
    expect(stage.Properties.DefaultRouteSettings).toEqual({ ThrottlingRateLimit: 20, ThrottlingBurstLimit: 22 });
  });

  test.each([
    [4_500, 3_500, 1_000],
    [1, 1, 1],
  ])("of %i frames a second, %i may be acks or heartbeats, and %i any other kind", (socketRateLimit, acks, others) => {
    const [{ Properties } = stage] = Object.values(
      resourcesOf(synthesize({ socketRateLimit }), "AWS::ApiGatewayV2::Stage"),
    );
    expect(Properties.RouteSettings.ack.ThrottlingRateLimit).toBe(acks);
    expect(Properties.DefaultRouteSettings.ThrottlingRateLimit).toBe(others);
  });

  test("deploys automatically, after all routes, integrations and responses exist", () => {
    expect(stage.Properties).toMatchObject({ StageName: "socket", AutoDeploy: true });
    const types = ["Route", "Integration", "RouteResponse", "IntegrationResponse", "Authorizer"];
    const parts = types.flatMap((type) => Object.keys(resourcesOf(template, `AWS::ApiGatewayV2::${type}`)));
    expect(stage.DependsOn).toEqual(expect.arrayContaining(parts));
  });

  test("logs each request, without headers or query strings", () => {
    const { DestinationArn, Format } = stage.Properties.AccessLogSettings;
    expect(readable(template, DestinationArn)).toBe("<AccessLogs/Socket.Arn>");
    expect(Object.values(JSON.parse(Format))).toEqual(
      expect.arrayContaining(["$context.connectionId", "$context.status", "$context.error.message"]),
    );
    expect(Format).not.toMatch(/querystring|header|input|path/i);
  });

  test("depends on the account setting that allows API Gateway to write logs", () => {
    const [account = ""] = Object.keys(resourcesOf(template, "AWS::ApiGateway::Account"));
    expect(stage.DependsOn).toContain(account);
  });
});
