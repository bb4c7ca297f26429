import { Lazy } from "aws-cdk-lib";
import type { Template } from "aws-cdk-lib/assertions";
import { describe, expect, test } from "vitest";
import { pushCodes } from "../../protocol/codes.ts";
import { type Resource, readable, resourcesOf, synthesize } from "./synthesize.ts";

const template = synthesize({ pushRateLimit: 50, pushBurstLimit: 60, pollRateLimit: 70, pollBurstLimit: 80 });
const only = (type: string) => {
  const all = Object.entries(resourcesOf(template, type));
  expect(all).toHaveLength(1);
  return all[0] as [string, Resource];
};
const [stageId, stage] = only("AWS::ApiGateway::Stage");
const methods = methodsOf(template);

/** Methods by name, such as `POST /push`. */
function methodsOf(template: Template): Map<string, Resource["Properties"]> {
  const resources = resourcesOf(template, "AWS::ApiGateway::Resource");
  const pathOf = (id: string): string => {
    const { ParentId, PathPart } = resources[id]?.Properties ?? {};
    return PathPart === undefined ? "" : `${pathOf(ParentId.Ref)}/${PathPart}`;
  };
  return new Map(
    Object.values(resourcesOf(template, "AWS::ApiGateway::Method")).map(({ Properties }) => [
      `${Properties.HttpMethod} ${pathOf(Properties.ResourceId.Ref)}`,
      Properties,
    ]),
  );
}

test("the API has two methods for services, and one for pages with its preflight", () => {
  expect([...methods.keys()].toSorted()).toEqual([
    "GET /poll",
    "GET /push/{messageId+}",
    "OPTIONS /poll",
    "POST /push",
  ]);
});

test.each([
  ["POST /push", "Push", true],
  ["GET /push/{messageId+}", "Push", true],
  ["GET /poll", "Poll", false],
])("%s is handled by the function %s; needs an API key: %s", (name, handler, needsKey) => {
  const method = methods.get(name);
  expect(method).toMatchObject({ ApiKeyRequired: needsKey, AuthorizationType: "NONE" });
  expect(method.Integration).toMatchObject({ Type: "AWS_PROXY", TimeoutInMillis: 29_000 });
  expect(readable(template, method.Integration.Uri)).toContain(`<PushApi/${handler}.Arn>/invocations`);
});

test.each([
  ["Push", ["GET/push/*", "POST/push"]],
  ["Poll", ["GET/poll"]],
])("only its own methods of the stage may invoke the function %s", (name, expected) => {
  const sources = Object.values(resourcesOf(template, "AWS::Lambda::Permission"))
    .filter(({ Properties }) => readable(template, Properties.FunctionName) === `<PushApi/${name}.Arn>`)
    .map(({ Properties }) => readable(template, Properties.SourceArn));
  const api = "arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<PushApi/Api>";
  expect(sources.toSorted()).toEqual(expected.map((path) => `${api}/<PushApi/Api/DeploymentStage.api>/${path}`));
});

describe("pages of other origins", () => {
  const unknown = Lazy.list({ produce: () => ["https://a.example"] });

  test.each([
    ["any origin", ["*"], "*"],
    ["one origin", ["https://a.example"], "https://a.example"],
    // API Gateway allows one origin or all. The poll function returns the page's own origin.
    ["several origins", ["https://a.example", "https://b.example"], "*"],
    ["origins that are a token", unknown, "*"],
  ])("may poll and read responses of API Gateway itself, for %s", (_, allowedOrigins, expected) => {
    const template = synthesize({ allowedOrigins });
    const preflight = methodsOf(template).get("OPTIONS /poll");
    const [response, ...others] = preflight.Integration.IntegrationResponses;
    expect(others).toEqual([]);
    expect(preflight).toMatchObject({ ApiKeyRequired: false, Integration: { Type: "MOCK" } });
    expect(response).toMatchObject({
      StatusCode: "204",
      ResponseParameters: {
        "method.response.header.Access-Control-Allow-Origin": `'${expected}'`,
        "method.response.header.Access-Control-Allow-Methods": "'GET'",
        "method.response.header.Access-Control-Allow-Headers": "'Authorization'",
        "method.response.header.Access-Control-Max-Age": "'7200'",
      },
    });
    for (const { Properties } of Object.values(resourcesOf(template, "AWS::ApiGateway::GatewayResponse"))) {
      expect(Properties.ResponseParameters).toEqual({
        "gatewayresponse.header.Access-Control-Allow-Origin": `'${expected}'`,
      });
    }
  });
});

test("the key belongs to a throttled usage plan of the stage", () => {
  const [keyId, key] = only("AWS::ApiGateway::ApiKey");
  const [planId, plan] = only("AWS::ApiGateway::UsagePlan");
  const [, link] = only("AWS::ApiGateway::UsagePlanKey");
  expect(key.Properties.Enabled).toBe(true);
  expect(plan.Properties.ApiStages).toEqual([{ ApiId: expect.anything(), Stage: { Ref: stageId }, Throttle: {} }]);
  expect(plan.Properties.Throttle).toEqual({ RateLimit: 50, BurstLimit: 60 });
  expect(link.Properties).toMatchObject({ KeyId: { Ref: keyId }, KeyType: "API_KEY", UsagePlanId: { Ref: planId } });
});

describe("the stage", () => {
  test("is throttled, with separate limits for polls", () => {
    expect(stage.Properties.StageName).toBe("api");
    expect(stage.Properties.MethodSettings).toEqual([
      expect.objectContaining({
        HttpMethod: "*",
        ResourcePath: "/*",
        ThrottlingRateLimit: 50,
        ThrottlingBurstLimit: 60,
      }),
      expect.objectContaining({
        HttpMethod: "GET",
        ResourcePath: "/~1poll",
        ThrottlingRateLimit: 70,
        ThrottlingBurstLimit: 80,
      }),
    ]);
  });

  test("logs each request, without headers, keys or query strings", () => {
    const { DestinationArn, Format } = stage.Properties.AccessLogSetting;
    expect(readable(template, DestinationArn)).toContain("<AccessLogs/Push");
    expect(Object.values(JSON.parse(Format))).toEqual(
      expect.arrayContaining(["$context.status", "$context.identity.apiKeyId"]),
    );
    expect(Format).not.toMatch(/querystring|header|input|identity\.apiKey"/i);
  });

  test("depends on the account setting that allows API Gateway to write logs", () => {
    const [account, { DeletionPolicy, Properties }] = only("AWS::ApiGateway::Account");
    expect(stage.DependsOn).toContain(account);
    // Other stacks of the account use the setting too.
    expect(DeletionPolicy).toBe("Retain");
    const role = resourcesOf(template, "AWS::IAM::Role")[Properties.CloudWatchRoleArn["Fn::GetAtt"][0]];
    expect(role?.DeletionPolicy).toBe("Retain");
  });

  test("is deployed with all gateway responses", () => {
    const [, deployment] = only("AWS::ApiGateway::Deployment");
    const responses = Object.keys(resourcesOf(template, "AWS::ApiGateway::GatewayResponse"));
    expect(deployment.DependsOn).toEqual(expect.arrayContaining(responses));
  });
});

describe("responses of API Gateway itself", () => {
  const responses = new Map(
    Object.values(resourcesOf(template, "AWS::ApiGateway::GatewayResponse")).map(({ Properties }) => [
      Properties.ResponseType,
      Properties,
    ]),
  );

  test.each([
    ["INVALID_API_KEY", pushCodes.unauthorized],
    ["THROTTLED", pushCodes.throttled],
    ["MISSING_AUTHENTICATION_TOKEN", pushCodes.notFound],
    ["RESOURCE_NOT_FOUND", pushCodes.notFound],
    ["REQUEST_TOO_LARGE", pushCodes.tooLarge],
    // The defaults cover several statuses and keep each of them.
    ["DEFAULT_4XX", { code: pushCodes.unauthorized.code, status: undefined }],
    ["DEFAULT_5XX", { code: pushCodes.serverTrouble.code, status: undefined }],
  ])("%s has the code and status of the push API", (type, { code, status }) => {
    const { StatusCode, ResponseTemplates } = responses.get(type);
    expect(StatusCode).toBe(status === undefined ? undefined : String(status));
    expect(JSON.parse(ResponseTemplates["application/json"])).toEqual({ code, msg: expect.stringMatching(/.{10}/) });
  });

  test("no other response is replaced", () => {
    expect(responses.size).toBe(7);
  });
});
