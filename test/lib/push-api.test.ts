import { describe, expect, test } from "vitest";
import { pushCodes } from "../../protocol/codes.ts";
import { type Resource, readable, resourcesOf, synthesize } from "./synthesize.ts";

const template = synthesize({ pushRateLimit: 50, pushBurstLimit: 60 });
const only = (type: string) => {
  const all = Object.entries(resourcesOf(template, type));
  expect(all).toHaveLength(1);
  return all[0] as [string, Resource];
};
const [stageId, stage] = only("AWS::ApiGateway::Stage");

test("there is one method, POST /push, and it needs an API key", () => {
  const [, method] = only("AWS::ApiGateway::Method");
  const [resourceId, resource] = only("AWS::ApiGateway::Resource");
  expect(resource.Properties.PathPart).toBe("push");
  expect(method.Properties).toMatchObject({
    HttpMethod: "POST",
    ResourceId: { Ref: resourceId },
    ApiKeyRequired: true,
    Integration: { Type: "AWS_PROXY" },
  });
  expect(readable(template, method.Properties.Integration.Uri)).toContain("<PushApi/Push.Arn>/invocations");
});

test("only that method of that stage may invoke the push function", () => {
  const sources = Object.values(resourcesOf(template, "AWS::Lambda::Permission"))
    .filter(({ Properties }) => readable(template, Properties.FunctionName) === "<PushApi/Push.Arn>")
    .map(({ Properties }) => readable(template, Properties.SourceArn));
  expect(sources).toEqual([
    "arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<PushApi/Api>/<PushApi/Api/DeploymentStage.api>/POST/push",
  ]);
});

test("the key belongs to a usage plan that is bound to the stage and throttled", () => {
  const [keyId, key] = only("AWS::ApiGateway::ApiKey");
  const [planId, plan] = only("AWS::ApiGateway::UsagePlan");
  const [, link] = only("AWS::ApiGateway::UsagePlanKey");
  expect(key.Properties.Enabled).toBe(true);
  expect(plan.Properties.ApiStages).toEqual([{ ApiId: expect.anything(), Stage: { Ref: stageId }, Throttle: {} }]);
  expect(plan.Properties.Throttle).toEqual({ RateLimit: 50, BurstLimit: 60 });
  expect(link.Properties).toMatchObject({ KeyId: { Ref: keyId }, KeyType: "API_KEY", UsagePlanId: { Ref: planId } });
});

describe("the stage", () => {
  test("is throttled", () => {
    expect(stage.Properties.StageName).toBe("api");
    expect(stage.Properties.MethodSettings).toEqual([
      expect.objectContaining({
        HttpMethod: "*",
        ResourcePath: "/*",
        ThrottlingRateLimit: 50,
        ThrottlingBurstLimit: 60,
      }),
    ]);
  });

  test("logs each request, without headers, keys and query strings", () => {
    const { DestinationArn, Format } = stage.Properties.AccessLogSetting;
    expect(readable(template, DestinationArn)).toContain("<AccessLogs/Push");
    expect(Object.values(JSON.parse(Format))).toEqual(
      expect.arrayContaining(["$context.status", "$context.identity.apiKeyId"]),
    );
    expect(Format).not.toMatch(/querystring|header|input|identity\.apiKey"/i);
  });

  test("waits until the account lets API Gateway write logs", () => {
    const [account, { DeletionPolicy, Properties }] = only("AWS::ApiGateway::Account");
    expect(stage.DependsOn).toContain(account);
    // Other stacks of the account log by it too.
    expect(DeletionPolicy).toBe("Retain");
    const role = resourcesOf(template, "AWS::IAM::Role")[Properties.CloudWatchRoleArn["Fn::GetAtt"][0]];
    expect(role?.DeletionPolicy).toBe("Retain");
  });

  test("is deployed with all answers that API Gateway gives by itself", () => {
    const [, deployment] = only("AWS::ApiGateway::Deployment");
    const answers = Object.keys(resourcesOf(template, "AWS::ApiGateway::GatewayResponse"));
    expect(deployment.DependsOn).toEqual(expect.arrayContaining(answers));
  });
});

describe("what API Gateway answers by itself", () => {
  const answers = new Map(
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
    // Those that stand for several statuses leave each as it is.
    ["DEFAULT_4XX", { code: pushCodes.unauthorized.code, status: undefined }],
    ["DEFAULT_5XX", { code: pushCodes.serverTrouble.code, status: undefined }],
  ])("%s has the code and status of the push API", (type, { code, status }) => {
    const { StatusCode, ResponseTemplates } = answers.get(type);
    expect(StatusCode).toBe(status === undefined ? undefined : String(status));
    expect(JSON.parse(ResponseTemplates["application/json"])).toEqual({ code, msg: expect.stringMatching(/.{10}/) });
  });

  test("nothing else", () => {
    expect(answers.size).toBe(7);
  });
});
