import type { request } from "undici";
import { describe, expect, test } from "vitest";
import { call } from "../support/call.ts";
import { signedHeaders } from "../support/sign.ts";
import { type Event, type Handler, type RunningGateway, startGateway } from "../support/start-gateway.ts";
import { gatewayResponse, type Resources, restApi, restMethod } from "../support/templates.ts";

const echo: Handler = (event) => ({ statusCode: 200, body: JSON.stringify(event.pathParameters) });
const ok: Handler = () => ({ statusCode: 200, body: "{}" });

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
  ])("%s %s has no method, which AWS reports as a missing authentication token", async (method, path) => {
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

  test("has payload format 1.0", async () => {
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

  test("has query parameters and stage variables", async () => {
    const { event } = await eventOf("/api/push?a=1&b=%C3%A4&a=2", {}, { Variables: { k: "v" } });
    expect(event.queryStringParameters).toEqual({ a: "2", b: "ä" });
    expect(event.multiValueQueryStringParameters).toEqual({ a: ["1", "2"], b: ["ä"] });
    expect(event.stageVariables).toEqual({ k: "v" });
  });

  test("has a null body without one, and replaces bytes that are not UTF-8", async () => {
    expect((await eventOf("/api/push")).event.body).toBeNull();
    const { event } = await eventOf("/api/push", { body: Buffer.from([0x61, 0xff, 0x62]) });
    expect([event.body, event.isBase64Encoded]).toEqual(["a\ufffdb", false]);
  });
});

describe("the result of a function", () => {
  test.each<[string, Handler, number, string]>([
    ["status and body", () => ({ statusCode: 418, body: "tea" }), 418, "tea"],
    ["a status as a string", () => ({ statusCode: "201", body: "x" }), 201, "x"],
    ["no body", () => ({ statusCode: 204 }), 204, ""],
    [
      "base64, which is not decoded without binaryMediaTypes",
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

  test("headers with one and several values; the content type defaults to JSON", async () => {
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

  test("is 500 if API Gateway may not invoke the function", async () => {
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

  test("is 504 after 29 s", async () => {
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

  test("a body of 7 MB is too large for Lambda", async () => {
    const gateway = await startGateway(restApi(push), { push: ok });
    expect(await call(gateway, "/api/push", { body: "x".repeat(7_000_000) })).toMatchObject({
      status: 413,
      body: '{"message":"Request Too Long"}',
    });
    expect(gateway.events("push")).toEqual([]);
  });

  test("a body of more than 10 MB is rejected before the API, with a response that cannot be overridden", async () => {
    const template = { ...push, ...gatewayResponse("REQUEST_TOO_LARGE", { StatusCode: "400" }) };
    const gateway = await startGateway(restApi(template), { push: ok });
    expect(await call(gateway, "/api/push", { body: "x".repeat(10_485_761) })).toMatchObject({
      status: 413,
      body: "HTTP content length exceeded 10485760 bytes.",
    });
  });
});

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
  ])("override %s", async (type, properties, path, status, body) => {
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

test("an OPTIONS method with a MOCK responds to a preflight", async () => {
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

  test("accepts a caller whose role may invoke it", async () => {
    const gateway = await startGateway(restApi(signed), { push: ok });
    expect(await sign(gateway)).toMatchObject({ status: 200 });
    expect(gateway.iamChecks).toEqual([
      `execute-api:Invoke arn:aws:execute-api:us-east-1:000000000000:${gateway.apiId("Rest")}/api/POST/push`,
    ]);
    expect((await gateway.event("push")).requestContext.identity.userArn).toBe("arn:aws:iam::000000000000:role/push");
  });

  test("rejects a caller whose role may not invoke it", async () => {
    const gateway = await startGateway(restApi(signed), { push: ok });
    gateway.iamAllows = () => false;
    expect(await sign(gateway)).toMatchObject({ status: 403, errorType: "AccessDeniedException" });
  });

  test("rejects a wrong signature", async () => {
    const gateway = await startGateway(restApi(signed), { push: ok });
    expect(await sign(gateway, { region: "eu-west-1" })).toMatchObject({
      status: 403,
      errorType: "InvalidSignatureException",
    });
  });

  test("rejects an unsigned request", async () => {
    const gateway = await startGateway(restApi(signed), { push: ok });
    expect(await call(gateway, "/api/push")).toMatchObject({
      status: 403,
      errorType: "MissingAuthenticationTokenException",
    });
  });
});
