import { PostToConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";
import { request } from "undici";
import { describe, expect, test } from "vitest";
import { signedHeaders } from "./sign.ts";
import { type Event, type Handler, type RunningGateway, startGateway } from "./start-gateway.ts";
import {
  gatewayResponse,
  lambdaRoute,
  type Resources,
  restApi,
  restMethod,
  socketApi,
  usagePlan,
} from "./templates.ts";

const key = { "x-api-key": "s3cret-key-of-20-chars" };
const echo: Handler = (event) => ({ statusCode: 200, body: JSON.stringify(event.pathParameters) });
const ok: Handler = () => ({ statusCode: 200, body: "{}" });

const call = async ({ origin }: RunningGateway, path: string, options: Parameters<typeof request>[1] = {}) => {
  const { statusCode, headers, body } = await request(origin + path, { method: "POST", ...options });
  return { status: statusCode, errorType: headers["x-amzn-errortype"], headers, body: await body.text() };
};
const push = restMethod("POST", "/push", { name: "push" });

describe("resources", () => {
  const methods: Resources = {
    ...restMethod("GET", "/", { name: "root" }),
    ...restMethod("GET", "/rooms", { name: "rooms" }),
    ...restMethod("GET", "/rooms/{id}", { name: "room" }),
    ...restMethod("GET", "/rooms/all", { name: "all" }),
    ...restMethod("ANY", "/files/{path+}", { name: "files" }),
  };
  test.each([
    ["GET", "/api", "root", null],
    ["GET", "/api/", "root", null],
    ["GET", "/api/rooms", "rooms", null],
    ["GET", "/api/rooms/456", "room", { id: "456" }],
    ["GET", "/api/rooms/a%20b%2Fc?x=1", "room", { id: "a b/c" }],
    ["GET", "/api/rooms/all", "all", null],
    ["DELETE", "/api/files/a/b", "files", { path: "a/b" }],
  ])("%s %s calls %s", async (method, path, name, pathParameters) => {
    const gateway = await startGateway(restApi(methods), {
      ...{ root: echo, rooms: echo, room: echo, all: echo, files: echo },
    });
    const { status, body } = await call(gateway, path, { method: method as "GET" });
    expect([status, JSON.parse(body)]).toEqual([200, pathParameters]);
    expect(gateway.events(name)).toHaveLength(1);
  });

  test.each([
    ["GET", "/api/elsewhere"],
    ["POST", "/api/rooms"],
    ["GET", "/api/rooms/"],
    ["GET", "/api/rooms/456/more"],
    ["GET", "/api/files/"],
  ])("%s %s is missing its authentication token, as AWS puts it", async (method, path) => {
    const gateway = await startGateway(restApi(methods));
    expect(await call(gateway, path, { method: method as "GET" })).toMatchObject({
      status: 403,
      errorType: "MissingAuthenticationTokenException",
      body: '{"message":"Missing Authentication Token"}',
    });
  });
});

describe("the event", () => {
  const eventOf = async (path: string, options: Parameters<typeof request>[1] = {}, stage = {}) => {
    const gateway = await startGateway(restApi(restMethod("POST", "/push", { name: "push" }), stage), { push: ok });
    await call(gateway, path, options);
    return { event: (await gateway.event("push")) as Event, gateway };
  };

  test("is payload 1.0", async () => {
    const { event, gateway } = await eventOf("/api/push", {
      headers: { "X-CUSTOM": "1", "content-type": "application/json", "user-agent": "test" },
      body: '{"eventName":"test"}',
    });
    const apiId = gateway.apiId("Rest");
    const domainName = `${apiId}.execute-api.us-east-1.amazonaws.com`;
    const headers = {
      "content-type": "application/json",
      Host: domainName,
      "user-agent": "test",
      "X-Amzn-Trace-Id": expect.any(String),
      "X-CUSTOM": "1",
      "X-Forwarded-For": "127.0.0.1",
      "X-Forwarded-Port": "443",
      "X-Forwarded-Proto": "https",
    };
    expect(event).toEqual({
      resource: "/push",
      path: "/push",
      httpMethod: "POST",
      headers,
      multiValueHeaders: expect.objectContaining({ "X-CUSTOM": ["1"], Host: [domainName] }),
      queryStringParameters: null,
      multiValueQueryStringParameters: null,
      pathParameters: null,
      stageVariables: null,
      requestContext: {
        resourceId: gateway.apiId("Pathpush"),
        resourcePath: "/push",
        httpMethod: "POST",
        extendedRequestId: expect.any(String),
        requestTime: "09/Feb/2024:18:11:43 +0000",
        path: "/api/push",
        accountId: "000000000000",
        protocol: "HTTP/1.1",
        stage: "api",
        domainPrefix: apiId,
        requestTimeEpoch: 1707502303419,
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        identity: {
          cognitoIdentityPoolId: null,
          accountId: null,
          cognitoIdentityId: null,
          caller: null,
          sourceIp: "127.0.0.1",
          principalOrgId: null,
          accessKey: null,
          cognitoAuthenticationType: null,
          cognitoAuthenticationProvider: null,
          userArn: null,
          userAgent: "test",
          user: null,
        },
        domainName,
        deploymentId: gateway.apiId("RestDeployment"),
        apiId,
      },
      body: '{"eventName":"test"}',
      isBase64Encoded: false,
    });
  });

  test("has the query, and stage variables", async () => {
    const { event } = await eventOf("/api/push?a=1&b=%C3%A4&a=2", {}, { Variables: { k: "v" } });
    expect(event.queryStringParameters).toEqual({ a: "2", b: "ä" });
    expect(event.multiValueQueryStringParameters).toEqual({ a: ["1", "2"], b: ["ä"] });
    expect(event.stageVariables).toEqual({ k: "v" });
  });

  test("has no body where none was sent, and mangles what is not UTF-8", async () => {
    expect((await eventOf("/api/push")).event.body).toBeNull();
    const { event } = await eventOf("/api/push", { body: Buffer.from([0x61, 0xff, 0x62]) });
    expect([event.body, event.isBase64Encoded]).toEqual(["a\ufffdb", false]);
  });
});

describe("what a function returns", () => {
  test.each<[string, Handler, number, string]>([
    ["status and body", () => ({ statusCode: 418, body: "tea" }), 418, "tea"],
    ["a status as text", () => ({ statusCode: "201", body: "x" }), 201, "x"],
    ["no body", () => ({ statusCode: 204 }), 204, ""],
    [
      "base64 stays text without binaryMediaTypes",
      () => ({ statusCode: 200, body: "aGk=", isBase64Encoded: true }),
      200,
      "aGk=",
    ],
    ["nothing", () => undefined, 502, '{"message":"Internal server error"}'],
    ["no status", () => ({ body: "x" }), 502, '{"message":"Internal server error"}'],
    ["an object for a body", () => ({ statusCode: 200, body: {} }), 502, '{"message":"Internal server error"}'],
    ["a list for headers", () => ({ statusCode: 200, headers: [] }), 502, '{"message":"Internal server error"}'],
    [
      "a header that is an object",
      () => ({ statusCode: 200, headers: { a: {} } }),
      502,
      '{"message":"Internal server error"}',
    ],
    [
      "a throw",
      () => {
        throw new Error("secret detail");
      },
      502,
      '{"message":"Internal server error"}',
    ],
  ])("%s", async (_, push_, status, body) => {
    const gateway = await startGateway(restApi(push), { push: push_ });
    expect(await call(gateway, "/api/push")).toMatchObject({ status, body });
  });

  test("headers, single and multiple; JSON unless it says otherwise", async () => {
    const gateway = await startGateway(restApi(push), {
      push: () => ({
        statusCode: 200,
        headers: { "X-One": 1, "Www-Authenticate": "Basic" },
        multiValueHeaders: { "X-Two": ["a", "b"] },
        body: "{}",
      }),
    });
    expect((await call(gateway, "/api/push")).headers).toMatchObject({
      "content-type": "application/json",
      "x-one": "1",
      "x-two": ["a", "b"],
      "x-amzn-remapped-www-authenticate": "Basic",
    });
  });

  test("a function that may not be invoked makes it 500", async () => {
    const gateway = await startGateway(restApi(restMethod("GET", "/rooms/{id}", { name: "room" })), { room: ok });
    gateway.withoutPermission.add("room");
    expect(await call(gateway, "/api/rooms/456", { method: "GET" })).toMatchObject({
      status: 500,
      body: '{"message":"Internal server error"}',
    });
    expect(gateway.sourceArns).toEqual([
      `arn:aws:execute-api:us-east-1:000000000000:${gateway.apiId("Rest")}/api/GET/rooms/*`,
    ]);
  });

  test("a function that takes longer than 29 s makes it 504", async () => {
    const gateway = await startGateway(restApi(push), { push: () => new Promise(() => {}) });
    const calling = call(gateway, "/api/push");
    await gateway.event("push");
    gateway.clock.advance(29_000);
    expect(await calling).toMatchObject({ status: 504, body: '{"message":"Endpoint request timed out"}' });
  });
});

describe("sizes", () => {
  test("a body of 5 MB reaches the function", async () => {
    const gateway = await startGateway(restApi(push), {
      push: ({ body }) => ({ statusCode: 200, body: `${body.length}` }),
    });
    expect(await call(gateway, "/api/push", { body: "x".repeat(5_000_000) })).toMatchObject({ body: "5000000" });
  });

  test("one of 7 MB is too long for Lambda", async () => {
    const gateway = await startGateway(restApi(push), { push: ok });
    expect(await call(gateway, "/api/push", { body: "x".repeat(7_000_000) })).toMatchObject({
      status: 413,
      body: '{"message":"Request Too Long"}',
    });
    expect(gateway.events("push")).toEqual([]);
  });

  test("one of more than 10 MB is refused in front of the API, in words that nobody can change", async () => {
    const template = { ...push, ...gatewayResponse("REQUEST_TOO_LARGE", { StatusCode: "400" }) };
    const gateway = await startGateway(restApi(template), { push: ok });
    expect(await call(gateway, "/api/push", { body: "x".repeat(10_485_761) })).toMatchObject({
      status: 413,
      body: "HTTP content length exceeded 10485760 bytes.",
    });
  });
});

describe("an API key", () => {
  const keyed = restMethod("POST", "/push", { name: "push", method: { ApiKeyRequired: true } });
  const forbidden = { status: 403, errorType: "ForbiddenException", body: '{"message":"Forbidden"}' };

  test("of the stage's plan is let in, and named in the event", async () => {
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
    ["in no plan", without("PlanKey"), key],
    ["whose plan has not this stage", { ...keyed, ...usagePlan({ ApiStages: [] }) }, key],
    ["that is not enabled", disabled, key],
  ])("%s is refused", async (_, template, headers) => {
    const gateway = await startGateway(restApi(template), { push: ok });
    expect(await call(gateway, "/api/push", { headers })).toMatchObject(forbidden);
    expect(gateway.events("push")).toEqual([]);
  });

  const statuses = async (gateway: RunningGateway, times: number) => {
    const answers = [];
    for (let n = 0; n < times; n += 1) answers.push(await call(gateway, "/api/push", { headers: key }));
    return answers.map(({ status, body }) => (status === 200 ? 200 : `${status} ${body}`));
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
  ])("is held to %s", async (_, template) => {
    const gateway = await startGateway(template, { push: ok });
    expect(await statuses(gateway, 3)).toEqual([200, 200, tooMany]);
    gateway.clock.advance(1_000);
    expect(await statuses(gateway, 2)).toEqual([200, tooMany]);
  });

  test("is held to the plan's quota", async () => {
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

describe("gateway responses of the template", () => {
  const keyed = restMethod("POST", "/push", { name: "push", method: { ApiKeyRequired: true } });
  const json = (text: string) => ({ "application/json": text });
  test.each([
    ["INVALID_API_KEY", { ResponseTemplates: json('{"code":"1101"}') }, "/api/push", 403, '{"code":"1101"}'],
    [
      "MISSING_AUTHENTICATION_TOKEN",
      { StatusCode: "404" },
      "/api/x",
      404,
      '{"message":"Missing Authentication Token"}',
    ],
    [
      "DEFAULT_4XX",
      { StatusCode: "400", ResponseTemplates: json('{"error":$context.error.messageString}') },
      "/api/push",
      400,
      '{"error":"Forbidden"}',
    ],
    [
      "DEFAULT_5XX",
      { ResponseTemplates: json('{"m":"$context.error.message","t":"$context.error.responseType"}') },
      "/api/open",
      502,
      '{"m":"Internal server error","t":"DEFAULT_5XX"}',
    ],
  ])("reword %s", async (type, properties, path, status, body) => {
    const template = {
      ...keyed,
      ...restMethod("POST", "/open", { name: "open" }),
      ...gatewayResponse(type, properties),
    };
    expect(await call(await startGateway(restApi(template)), path)).toMatchObject({ status, body });
  });

  test("add headers", async () => {
    const ResponseParameters = { "gatewayresponse.header.Access-Control-Allow-Origin": "'*'" };
    const gateway = await startGateway(restApi(gatewayResponse("DEFAULT_4XX", { ResponseParameters })));
    expect((await call(gateway, "/api/x")).headers["access-control-allow-origin"]).toBe("*");
  });
});

test("an OPTIONS method that is a MOCK answers the preflight", async () => {
  const integration = {
    Type: "MOCK",
    Uri: undefined,
    IntegrationHttpMethod: undefined,
    RequestTemplates: { "application/json": "{ statusCode: 204 }" },
    IntegrationResponses: [
      {
        StatusCode: "204",
        ResponseParameters: { "method.response.header.Access-Control-Allow-Origin": "'https://app.example.com'" },
      },
    ],
  };
  const gateway = await startGateway(restApi(restMethod("OPTIONS", "/push", { name: "preflight", integration })));
  const { status, headers } = await call(gateway, "/api/push", { method: "OPTIONS" });
  expect([status, headers["access-control-allow-origin"]]).toEqual([204, "https://app.example.com"]);
});

describe("a method with AWS_IAM", () => {
  const signed = restMethod("POST", "/push", { name: "push", method: { AuthorizationType: "AWS_IAM" } });
  const sign = async (gateway: RunningGateway, change: { region?: string } = {}) => {
    const path = "/api/push?b=2&a=1";
    const headers = await signedHeaders({ url: gateway.origin + path, method: "POST", body: "hi", ...change });
    return call(gateway, path, { headers, body: "hi" });
  };

  test("lets in a caller whose role may invoke it", async () => {
    const gateway = await startGateway(restApi(signed), { push: ok });
    expect(await sign(gateway)).toMatchObject({ status: 200 });
    expect(gateway.asked).toEqual([
      `execute-api:Invoke arn:aws:execute-api:us-east-1:000000000000:${gateway.apiId("Rest")}/api/POST/push`,
    ]);
    expect((await gateway.event("push")).requestContext.identity.userArn).toBe("arn:aws:iam::000000000000:role/push");
  });

  test("refuses a caller whose role may not", async () => {
    const gateway = await startGateway(restApi(signed), { push: ok });
    gateway.iamAllows = () => false;
    expect(await sign(gateway)).toMatchObject({ status: 403, errorType: "AccessDeniedException" });
  });

  test("refuses a wrong signature", async () => {
    const gateway = await startGateway(restApi(signed), { push: ok });
    expect(await sign(gateway, { region: "eu-west-1" })).toMatchObject({
      status: 403,
      errorType: "InvalidSignatureException",
    });
  });

  test("refuses what is not signed", async () => {
    const gateway = await startGateway(restApi(signed), { push: ok });
    expect(await call(gateway, "/api/push")).toMatchObject({
      status: 403,
      errorType: "MissingAuthenticationTokenException",
    });
  });
});

test("REST requests, messages and posts draw on one bucket of 5,000", async () => {
  const template = { ...restApi(push), ...socketApi(lambdaRoute("$default", { answers: true })) };
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
