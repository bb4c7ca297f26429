import { describe, expect, test } from "vitest";
import {
  type Functions,
  type Handler,
  HandshakeRefused,
  type RunningGateway,
  startGateway,
} from "../support/start-gateway.ts";
import { authorized, authorizer, lambdaRoute, mockRoute, socketApi } from "../support/templates.ts";

const ok = () => ({ statusCode: 200 });
const allow = (event: { methodArn: string }, context?: unknown) => ({
  principalId: "ann",
  policyDocument: { Statement: [{ Effect: "Allow", Action: "execute-api:Invoke", Resource: event.methodArn }] },
  context,
});
const statusOf = async (gateway: RunningGateway, options = {}) => {
  try {
    const { socket } = await gateway.connect(options);
    return socket.readyState === socket.OPEN ? 101 : 0;
  } catch (error) {
    if (error instanceof HandshakeRefused) return error.status;
    throw error;
  }
};

describe("a handshake with a $connect", () => {
  const fail = () => {
    throw new Error("broken");
  };
  test.each<[string, Handler, number]>([
    ["returns 200", ok, 101],
    ["returns 201", () => ({ statusCode: 201 }), 101],
    ["returns 301", () => ({ statusCode: 301 }), 301],
    ["returns 400", () => ({ statusCode: 400 }), 400],
    ["returns 401", () => ({ statusCode: 401 }), 401],
    ["returns 501", () => ({ statusCode: 501 }), 501],
    ["throws", fail, 502],
    ["returns nothing", () => undefined, 502],
    ["returns an object without a status", () => ({ body: "hello" }), 502],
    [
      "selects a subprotocol that was not offered",
      () => ({ statusCode: 200, headers: { "Sec-WebSocket-Protocol": "x" } }),
      502,
    ],
  ])("that %s", async (_, connect, status) => {
    const gateway = await startGateway(socketApi(lambdaRoute("$connect")), { connect });
    expect(await statusOf(gateway)).toBe(status);
  });

  test("without a $connect route every client is accepted", async () => {
    expect(await statusOf(await startGateway(socketApi({})))).toBe(101);
  });

  test("a MOCK without templates accepts every client", async () => {
    expect(await statusOf(await startGateway(socketApi(mockRoute("$connect", {}, {}, false))))).toBe(101);
  });

  test("a function that API Gateway may not invoke makes it 500", async () => {
    const gateway = await startGateway(socketApi(lambdaRoute("$connect")), { connect: ok });
    gateway.withoutPermission.add("connect");
    expect(await statusOf(gateway)).toBe(500);
    expect(gateway.sourceArns).toEqual([
      `arn:aws:execute-api:us-east-1:000000000000:${gateway.apiId("Socket")}/socket/$connect`,
    ]);
  });

  test("a function that takes longer than 29 s makes it 504", async () => {
    const gateway = await startGateway(socketApi(lambdaRoute("$connect")), { connect: () => new Promise(() => {}) });
    const status = statusOf(gateway);
    await gateway.event("connect");
    gateway.clock.advance(29_000);
    expect(await status).toBe(504);
  });
});

describe("an authorizer", () => {
  const nested = (event: { methodArn: string }) => allow(event, { roles: ["admin"] });
  const deny = (event: { methodArn: string }) => ({
    principalId: "ann",
    policyDocument: { Statement: [{ Effect: "Deny", Action: "execute-api:Invoke", Resource: event.methodArn }] },
  });
  const elsewhere = () => allow({ methodArn: "arn:aws:execute-api:us-east-1:000000000000:other/socket/$connect" });
  const throwing = (message: string) => () => {
    throw new Error(message);
  };
  test.each<[string, Handler, number]>([
    ["allows", (event) => allow(event), 101],
    ["allows everything", () => allow({ methodArn: "*" }), 101],
    ["allows all stages", () => allow({ methodArn: "arn:aws:execute-api:*:*:*/*/$connect" }), 101],
    ["throws Unauthorized", throwing("Unauthorized"), 401],
    ["throws anything else", throwing("unauthorized"), 500],
    ["denies", deny, 403],
    ["allows another API", elsewhere, 403],
    ["returns no policy", () => ({ principalId: "ann" }), 500],
    ["returns no principal", (event) => ({ ...allow(event), principalId: undefined }), 500],
    ["returns a list in the context", nested, 500],
    ["returns more than 8 KB", (event) => allow(event, { rooms: "x".repeat(8_192) }), 500],
  ])("that %s", async (_, authorize, status) => {
    const template = { ...authorizer(), ...lambdaRoute("$connect", { route: authorized }) };
    const gateway = await startGateway(socketApi(template), { authorize, connect: ok });
    expect(await statusOf(gateway)).toBe(status);
    expect(gateway.events("connect")).toHaveLength(status === 101 ? 1 : 0);
  });

  test("that API Gateway may not invoke makes it 500", async () => {
    const template = { ...authorizer(), ...lambdaRoute("$connect", { route: authorized }) };
    const gateway = await startGateway(socketApi(template), { authorize: allow, connect: ok });
    gateway.withoutPermission.add("authorize");
    expect(await statusOf(gateway)).toBe(500);
    expect(gateway.sourceArns[0]).toBe(
      `arn:aws:execute-api:us-east-1:000000000000:${gateway.apiId("Socket")}/authorizers/${gateway.apiId("Authorizer")}`,
    );
  });

  test.each([
    ["route.request.querystring.token", "/socket?token=t", {}, 101],
    ["route.request.querystring.token", "/socket?token=", {}, 401],
    ["route.request.querystring.token", "/socket", {}, 401],
    ["route.request.header.Auth", "/socket", { AUTH: "t" }, 101],
    ["route.request.header.Auth", "/socket", {}, 401],
  ])("identity source %s at %s with headers %o: %i", async (source, path, headers, status) => {
    const template = { ...authorizer([source]), ...lambdaRoute("$connect", { route: authorized }) };
    const gateway = await startGateway(socketApi(template), { authorize: allow, connect: ok });
    expect(await statusOf(gateway, { path, headers })).toBe(status);
    expect(gateway.events("authorize")).toHaveLength(status === 101 ? 1 : 0);
  });

  test("has its context in every event, as strings", async () => {
    const template = {
      ...authorizer(),
      ...lambdaRoute("$connect", { route: authorized }),
      ...lambdaRoute("$disconnect"),
      ...lambdaRoute("$default"),
    };
    const functions: Functions = {
      authorize: (event) => allow(event, { tenant: "t1", admin: true, level: 3 }),
      connect: ok,
    };
    const gateway = await startGateway(socketApi(template), functions);
    const { socket, say } = await gateway.connect();
    say("hi");
    const context = { principalId: "ann", tenant: "t1", admin: "true", level: "3" };
    expect((await gateway.event("default")).requestContext.authorizer).toEqual(context);
    socket.close();
    expect((await gateway.event("disconnect")).requestContext.authorizer).toEqual(context);
    const [connect] = gateway.events("connect");
    expect(connect.requestContext.authorizer).toEqual({ ...context, integrationLatency: 0 });
  });
});

describe("the subprotocol", () => {
  const select = (protocol: string) => () => ({ statusCode: 200, headers: { "sec-websocket-protocol": protocol } });

  test("is the one that $connect selects", async () => {
    const gateway = await startGateway(socketApi(lambdaRoute("$connect")), { connect: select("downlink.v1") });
    const { socket } = await gateway.connect({ protocols: ["token.abc", "downlink.v1"] });
    expect(socket.protocol).toBe("downlink.v1");
    expect(gateway.events("connect")[0].headers["Sec-WebSocket-Protocol"]).toBe("token.abc,downlink.v1");
  });

  test("is none if $connect selects none, and a client that offered one disconnects", async () => {
    const gateway = await startGateway(socketApi(lambdaRoute("$connect")), { connect: ok });
    await expect(gateway.connect({ protocols: ["downlink.v1"] })).rejects.toThrow("Server sent no subprotocol");
  });
});

describe("a request that is not a handshake", () => {
  test.each([
    ["GET", "/socket", 426],
    ["GET", "/socket/", 426],
    ["POST", "/socket", 403],
    ["GET", "/socket/more", 403],
    ["GET", "/elsewhere", 404],
  ])("%s %s without an upgrade is %i", async (method, path, status) => {
    const { origin } = await startGateway(socketApi({}));
    expect((await fetch(origin + path, { method })).status).toBe(status);
  });

  test("a path below the stage is forbidden", async () => {
    expect(await statusOf(await startGateway(socketApi({})), { path: "/socket/more" })).toBe(403);
  });

  test("compression is not negotiated", async () => {
    const { connect } = await startGateway(socketApi({}));
    expect((await connect({ perMessageDeflate: true })).socket.extensions).toBe("");
  });
});

test("more than 500 concurrent handshakes are 429", async () => {
  const gateway = await startGateway(socketApi(lambdaRoute("$connect")), { connect: () => ({ statusCode: 403 }) });
  const statuses = await Promise.all(Array.from({ length: 502 }, () => statusOf(gateway)));
  expect(statuses.filter((status) => status === 429)).toHaveLength(2);
  gateway.clock.advance(2);
  expect(await statusOf(gateway)).toBe(403);
});
