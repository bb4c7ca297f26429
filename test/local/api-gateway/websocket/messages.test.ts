import { describe, expect, test } from "vitest";
import { type Handler, startGateway } from "../support/start-gateway.ts";
import { lambdaRoute, mockRoute, socketApi } from "../support/templates.ts";

const idPattern = /^[\w-]{15}=$/;
const broken = () => {
  throw new Error("broken");
};
/** A frame of API Gateway itself, with its ids replaced. */
const shape = (frame: string) => frame.replace(/"[\w-]{15}="/g, '"ID"');
const errorShape = (message: string) => `{"message": "${message}", "connectionId":"ID", "requestId":"ID"}`;

describe("the route of a message", () => {
  const routes = { ...lambdaRoute("hello"), ...lambdaRoute("3"), ...lambdaRoute("[a, b]"), ...lambdaRoute("$default") };
  const all = { ...routes, ...lambdaRoute("$connect"), ...lambdaRoute("$disconnect"), ...lambdaRoute("constructor") };
  test.each([
    ['{"action":"hello"}', "hello"],
    ['{"action":3}', "3"],
    ['{"action":["a","b"]}', "ab"],
    ['{"action":"Hello"}', "default"],
    ['{"action":"$connect"}', "default"],
    ['{"action":"$disconnect"}', "default"],
    ['{"action":"$default"}', "default"],
    ['{"other":1}', "default"],
    ["{}", "default"],
    ["[]", "default"],
    ["3", "default"],
    ['"x"', "default"],
    ["null", "default"],
    ["not JSON", "default"],
    ['{"action":"constructor"}', "constructor"],
    ['{"action":{"toString":1}}', "default"],
  ])("%s goes to %s", async (message, name) => {
    const gateway = await startGateway(socketApi(all), { connect: () => ({ statusCode: 200 }) });
    const { say } = await gateway.connect();
    say(message);
    const event = await gateway.event(name);
    expect(event.body).toBe(message);
    expect(gateway.events("disconnect")).toEqual([]);
    expect(gateway.events("connect")).toHaveLength(1);
  });

  test.each(['{"action":"nobody"}', "not JSON", '{"action":"$connect"}', '{"action":"toString"}'])(
    "without $default, %s gets the error Forbidden and the socket stays open",
    async (message) => {
      const gateway = await startGateway(socketApi(lambdaRoute("$connect")), {
        connect: () => ({ statusCode: 200 }),
      });
      const { say, next, socket } = await gateway.connect();
      say(message);
      expect(shape(await next())).toBe(errorShape("Forbidden"));
      expect(socket.readyState).toBe(socket.OPEN);
    },
  );
});

describe("the response of a route", () => {
  test.each<[string, Handler, boolean, string | undefined]>([
    ["two-way, a body", () => ({ statusCode: 200, body: "hi" }), true, "hi"],
    ["two-way, a body with status 500", () => ({ statusCode: 500, body: "hi" }), true, "hi"],
    ["two-way, no body", () => ({ statusCode: 200 }), true, undefined],
    ["two-way, nothing", () => undefined, true, errorShape("Internal server error")],
    ["two-way, a string", () => "hi", true, errorShape("Internal server error")],
    ["two-way, an object for a body", () => ({ statusCode: 200, body: {} }), true, errorShape("Internal server error")],
    ["two-way, a throw", broken, true, errorShape("Internal server error")],
    ["one-way, a body", () => ({ statusCode: 200, body: "hi" }), false, undefined],
    ["one-way, status 500", () => ({ statusCode: 500 }), false, undefined],
    ["one-way, nothing", () => undefined, false, undefined],
    ["one-way, a throw", broken, false, errorShape("Internal server error")],
  ])("%s", async (_, hello, isTwoWay, frame) => {
    const end = lambdaRoute("end", { isTwoWay: true });
    const gateway = await startGateway(socketApi({ ...lambdaRoute("hello", { isTwoWay }), ...end }), {
      hello,
      end: () => ({ statusCode: 200, body: "end" }),
    });
    const { say, next } = await gateway.connect();
    say({ action: "hello" });
    await gateway.event("hello");
    if (frame !== undefined) expect(shape(await next())).toBe(frame);
    say({ action: "end" });
    expect(await next()).toBe("end");
  });

  test.each([
    ["a RouteResponse alone", { RouteResponseSelectionExpression: undefined }, []],
    ["a selection expression alone", {}, ["helloRouteResponse"]],
  ])("is absent with %s", async (_, route, removed) => {
    const template = lambdaRoute("hello", { isTwoWay: true, route });
    for (const name of removed) delete template[name];
    const end = lambdaRoute("end", { isTwoWay: true });
    const gateway = await startGateway(socketApi({ ...template, ...end }), {
      hello: () => ({ statusCode: 200, body: "hi" }),
      end: () => ({ statusCode: 200, body: "end" }),
    });
    const { say, next } = await gateway.connect();
    say({ action: "hello" });
    await gateway.event("hello");
    say({ action: "end" });
    expect(await next()).toBe("end");
  });

  test("is an error if API Gateway may not invoke the function", async () => {
    const gateway = await startGateway(socketApi(lambdaRoute("hello")));
    gateway.withoutPermission.add("hello");
    const { say, next } = await gateway.connect();
    say({ action: "hello" });
    expect(shape(await next())).toBe(errorShape("Internal server error"));
    expect(gateway.events("hello")).toEqual([]);
    expect(gateway.sourceArns.at(-1)).toMatch(/\/socket\/hello$/);
  });

  test.each([
    [undefined, 29_000],
    [5_000, 5_000],
  ])("is an error after the timeout: %s is %i ms", async (TimeoutInMillis, limitMs) => {
    const template = lambdaRoute("hello", { integration: { TimeoutInMillis } });
    const gateway = await startGateway(socketApi(template), { hello: () => new Promise(() => {}) });
    const { say, next, received } = await gateway.connect();
    say({ action: "hello" });
    await gateway.event("hello");
    gateway.clock.advance(limitMs - 1);
    expect(received).toEqual([]);
    gateway.clock.advance(1);
    expect(shape(await next())).toBe(errorShape("Endpoint request timed out"));
  });

  test("can overtake the response to an earlier message", async () => {
    let release = () => {};
    const slow = new Promise<void>((resolve) => {
      release = resolve;
    });
    const gateway = await startGateway(socketApi(lambdaRoute("hello", { isTwoWay: true })), {
      hello: async ({ body }) => {
        if (JSON.parse(body).n === 1) await slow;
        return { statusCode: 200, body: `response ${JSON.parse(body).n}` };
      },
    });
    const { say, next } = await gateway.connect();
    say({ action: "hello", n: 1 });
    say({ action: "hello", n: 2 });
    expect(await next()).toBe("response 2");
    release();
    expect(await next()).toBe("response 1");
  });
});

describe("a MOCK responds", () => {
  const request = { RequestTemplates: { $default: '{"statusCode":200}' }, TemplateSelectionExpression: "\\$default" };
  const error = errorShape("Internal server error");
  test.each<[string, Record<string, unknown>, Record<string, string>, string]>([
    ["with its response template", request, { $default: '{"type":"pong"}' }, '{"type":"pong"}'],
    ["with the response for the status", request, { "/4\\d\\d/": "bad", "/200/": "good" }, "good"],
    [
      "with $default if the status matches only in part",
      request,
      { "/2/": "bad", "/20/": "bad", $default: "good" },
      "good",
    ],
    ["with $default if no status matches", request, { "/4\\d\\d/": "bad", $default: "good" }, "good"],
    ["with an error without an IntegrationResponse", request, {}, error],
    ["with an error if no IntegrationResponse matches", request, { "/4\\d\\d/": "bad" }, error],
    ["with an error without a status", { RequestTemplates: { $default: "{}" } }, { $default: "x" }, error],
    [
      "with the template of the content type",
      { RequestTemplates: { "application/json": '{"statusCode":404}' } },
      { "/404/": "4" },
      "4",
    ],
    [
      "with values of the message",
      { RequestTemplates: { $default: `{"statusCode":200,"n":$input.json('$.n')}` } },
      { $default: `{"id":"$context.connectionId","n":$input.path('$.n')}` },
      '{"id":"ID","n":7}',
    ],
    [
      "with the template that the message selects",
      {
        RequestTemplates: { a: '{"statusCode":201}', $default: '{"statusCode":200}' },
        TemplateSelectionExpression: "$request.body.kind",
      },
      { "/201/": "chosen", $default: "default" },
      "chosen",
    ],
  ])("%s", async (_, own, responses, frame) => {
    const gateway = await startGateway(socketApi(mockRoute("ping", own, responses)));
    const { say, next } = await gateway.connect();
    say({ action: "ping", n: 7, kind: "a" });
    expect(shape(await next())).toBe(frame);
  });

  test("with nothing on a one-way route", async () => {
    const template = { ...mockRoute("ping", request, {}, false), ...mockRoute("end", request, { $default: "end" }) };
    const { connect } = await startGateway(socketApi(template));
    const { say, next } = await connect();
    say({ action: "ping" });
    say({ action: "end" });
    expect(await next()).toBe("end");
  });
});

describe("events", () => {
  const template = { ...lambdaRoute("$connect"), ...lambdaRoute("$disconnect"), ...lambdaRoute("hello") };
  const ok = () => ({ statusCode: 200 });
  const start = () => startGateway(socketApi(template), { connect: ok });

  test("CONNECT has the handshake's headers and query, and no body", async () => {
    const gateway = await start();
    await gateway.connect({
      path: "/socket?token=a%20b&x=1&x=2",
      headers: { "X-Custom-HEADER": "1", "user-agent": "test" },
      origin: "https://app.example.com",
    });
    const [event] = gateway.events("connect");
    const apiId = gateway.apiId("Socket");
    const domainName = `${apiId}.execute-api.us-east-1.amazonaws.com`;
    expect(event).toEqual({
      headers: {
        Host: domainName,
        Origin: "https://app.example.com",
        "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
        "Sec-WebSocket-Key": expect.any(String),
        "Sec-WebSocket-Version": "13",
        "user-agent": "test",
        "X-Amzn-Trace-Id": expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/),
        "X-Custom-HEADER": "1",
        "X-Forwarded-For": "127.0.0.1",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
      },
      multiValueHeaders: expect.objectContaining({ Host: [domainName], "X-Custom-HEADER": ["1"] }),
      queryStringParameters: { token: "a b", x: "2" },
      multiValueQueryStringParameters: { token: ["a b"], x: ["1", "2"] },
      requestContext: {
        routeKey: "$connect",
        eventType: "CONNECT",
        extendedRequestId: event.requestContext.requestId,
        requestTime: "09/Feb/2024:18:11:43 +0000",
        messageDirection: "IN",
        stage: "socket",
        connectedAt: 1707502303419,
        requestTimeEpoch: 1707502303419,
        identity: { userAgent: "test", sourceIp: "127.0.0.1" },
        requestId: expect.stringMatching(idPattern),
        domainName,
        connectionId: expect.stringMatching(idPattern),
        apiId,
      },
      isBase64Encoded: false,
    });
    expect(Object.keys(event)).toEqual(expect.not.arrayContaining(["body", "stageVariables"]));
  });

  test("without query and user agent, their keys are absent", async () => {
    const gateway = await start();
    await gateway.connect();
    const [event] = gateway.events("connect");
    expect(Object.keys(event)).toEqual(["headers", "multiValueHeaders", "requestContext", "isBase64Encoded"]);
    expect(event.requestContext.identity).toEqual({ sourceIp: "127.0.0.1" });
  });

  test("MESSAGE has the text and no headers", async () => {
    const gateway = await start();
    const { say } = await gateway.connect();
    say('{"action": "hello" }');
    const event = await gateway.event("hello");
    const [{ requestContext: connect }] = gateway.events("connect");
    expect(event).toEqual({
      requestContext: {
        ...connect,
        routeKey: "hello",
        eventType: "MESSAGE",
        messageId: expect.stringMatching(idPattern),
        requestId: event.requestContext.extendedRequestId,
        extendedRequestId: expect.stringMatching(idPattern),
      },
      body: '{"action": "hello" }',
      isBase64Encoded: false,
    });
    expect(event.requestContext.requestId).not.toBe(connect.requestId);
  });

  test("DISCONNECT has code, reason and the four headers", async () => {
    const gateway = await start();
    const { socket } = await gateway.connect();
    socket.close(4001, "bye");
    const event = await gateway.event("disconnect");
    const { requestContext: connect } = gateway.events("connect")[0];
    expect(event).toEqual({
      headers: { Host: connect.domainName, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": "" },
      multiValueHeaders: { Host: [connect.domainName], "x-api-key": [""], "X-Forwarded-For": [""], "x-restapi": [""] },
      requestContext: {
        ...connect,
        routeKey: "$disconnect",
        disconnectStatusCode: 4001,
        eventType: "DISCONNECT",
        disconnectReason: "bye",
        requestId: expect.stringMatching(idPattern),
        extendedRequestId: event.requestContext.requestId,
      },
      isBase64Encoded: false,
    });
  });

  test("stage variables are in every event of their stage", async () => {
    const gateway = await startGateway(socketApi(template, { StageVariables: { k: "v" } }), { connect: ok });
    const { say } = await gateway.connect();
    say({ action: "hello" });
    expect((await gateway.event("hello")).stageVariables).toEqual({ k: "v" });
    expect(gateway.events("connect")[0].stageVariables).toEqual({ k: "v" });
  });
});

test("the throttle of a stage applies to each route and responds Too Many Requests", async () => {
  const template = { ...lambdaRoute("a", { isTwoWay: true }), ...lambdaRoute("b", { isTwoWay: true }) };
  const settings = { DefaultRouteSettings: { ThrottlingRateLimit: 1, ThrottlingBurstLimit: 2 } };
  const gateway = await startGateway(socketApi(template, settings), {
    a: () => ({ statusCode: 200, body: "a" }),
    b: () => ({ statusCode: 200, body: "b" }),
  });
  const { say, next } = await gateway.connect();
  const request = async (action: string) => {
    say({ action });
    return shape(await next());
  };
  expect([await request("a"), await request("a"), await request("a"), await request("b")]).toEqual([
    "a",
    "a",
    errorShape("Too Many Requests"),
    "b",
  ]);
  gateway.clock.advance(1_000);
  expect(await request("a")).toBe("a");
});
