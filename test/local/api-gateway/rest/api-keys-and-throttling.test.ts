import { PostToConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";
import { describe, expect, test } from "vitest";
import { call } from "../support/call.ts";
import { type Handler, type RunningGateway, startGateway } from "../support/start-gateway.ts";
import { lambdaRoute, type Resources, restApi, restMethod, socketApi, usagePlan } from "../support/templates.ts";

const key = { "x-api-key": "s3cret-key-of-20-chars" };
const ok: Handler = () => ({ statusCode: 200, body: "{}" });
const push = restMethod("POST", "/push", { name: "push" });

describe("an API key", () => {
  const keyed = restMethod("POST", "/push", { name: "push", method: { ApiKeyRequired: true } });
  const forbidden = { status: 403, errorType: "ForbiddenException", body: '{"message":"Forbidden"}' };

  test("in a usage plan of the stage is accepted, and is in the event", async () => {
    const gateway = await startGateway(restApi({ ...keyed, ...usagePlan() }), { push: ok });
    expect(await call(gateway, "/api/push", { headers: key })).toMatchObject({ status: 200 });
    expect((await gateway.event("push")).requestContext.identity).toMatchObject({
      apiKey: key["x-api-key"],
      apiKeyId: gateway.apiId("Key"),
    });
  });

  const without = (name: string) => {
    const template = { ...keyed, ...usagePlan() };
    delete template[name];
    return template;
  };
  const disabled = { ...keyed, ...usagePlan() };
  disabled.Key = { Type: "AWS::ApiGateway::ApiKey", Properties: { Value: key["x-api-key"] } };
  test.each<[string, Resources, Record<string, string>]>([
    ["that is missing", { ...keyed, ...usagePlan() }, {}],
    ["that is unknown", { ...keyed, ...usagePlan() }, { "x-api-key": "other" }],
    ["that is in no usage plan", without("PlanKey"), key],
    ["whose usage plan does not have the stage", { ...keyed, ...usagePlan({ ApiStages: [] }) }, key],
    ["that is disabled", disabled, key],
  ])("%s is rejected", async (_, template, headers) => {
    const gateway = await startGateway(restApi(template), { push: ok });
    expect(await call(gateway, "/api/push", { headers })).toMatchObject(forbidden);
    expect(gateway.events("push")).toEqual([]);
  });

  const statuses = async (gateway: RunningGateway, times: number) => {
    const responses = [];
    for (let n = 0; n < times; n += 1) responses.push(await call(gateway, "/api/push", { headers: key }));
    return responses.map(({ status, body }) => (status === 200 ? 200 : `${status} ${body}`));
  };
  const tooMany = '429 {"message":"Too Many Requests"}';

  test.each<[string, Resources]>([
    ["the plan's throttle", restApi({ ...keyed, ...usagePlan({ Throttle: { RateLimit: 1, BurstLimit: 2 } }) })],
    ["the stage's throttle", restApi({ ...keyed, ...usagePlan() }, settings("/*", "*"))],
    ["the method's throttle", restApi({ ...keyed, ...usagePlan() }, settings("/~1push", "POST"))],
    [
      "the plan's throttle for the method",
      restApi({
        ...keyed,
        ...usagePlan({ ApiStages: [planStage({ "/push/POST": { RateLimit: 1, BurstLimit: 2 } })] }),
      }),
    ],
  ])("is limited by %s", async (_, template) => {
    const gateway = await startGateway(template, { push: ok });
    expect(await statuses(gateway, 3)).toEqual([200, 200, tooMany]);
    gateway.clock.advance(1_000);
    expect(await statuses(gateway, 2)).toEqual([200, tooMany]);
  });

  test("is limited by the plan's quota", async () => {
    const template = { ...keyed, ...usagePlan({ Quota: { Limit: 2, Period: "DAY" } }) };
    const gateway = await startGateway(restApi(template), { push: ok });
    expect(await statuses(gateway, 3)).toEqual([200, 200, '429 {"message":"Limit Exceeded"}']);
    gateway.clock.advance(86_400_000);
    expect(await statuses(gateway, 1)).toEqual([200]);
  });
});

const settings = (ResourcePath: string, HttpMethod: string) => ({
  MethodSettings: [{ ResourcePath, HttpMethod, ThrottlingRateLimit: 1, ThrottlingBurstLimit: 2 }],
});
const planStage = (Throttle: object) => ({ ApiId: { Ref: "Rest" }, Stage: { Ref: "RestStage" }, Throttle });

test("REST requests, messages and posts share one bucket of 5,000", async () => {
  const template = { ...restApi(push), ...socketApi(lambdaRoute("$default", { isTwoWay: true })) };
  const gateway = await startGateway(template, { push: ok, default: () => ({ statusCode: 200, body: "hi" }) });
  const { say, next } = await gateway.connect();
  const frames = [];
  for (let n = 0; n < 4_999; n += 1) {
    say("x");
    frames.push(await next());
  }
  expect(new Set(frames)).toEqual(new Set(["hi"]));
  expect(await call(gateway, "/api/push")).toMatchObject({ status: 429 });
  say("x");
  expect(await next()).toContain("Too Many Requests");
  const { connectionId: ConnectionId } = (await gateway.event("default")).requestContext;
  const posting = gateway.management().send(new PostToConnectionCommand({ ConnectionId, Data: "hi" }));
  await expect(posting).rejects.toMatchObject({ name: "LimitExceededException" });
  gateway.clock.advance(1);
  expect(await call(gateway, "/api/push")).toMatchObject({ status: 200 });
});
