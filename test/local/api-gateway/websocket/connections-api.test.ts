import {
  DeleteConnectionCommand,
  GetConnectionCommand,
  PostToConnectionCommand,
} from "@aws-sdk/client-apigatewaymanagementapi";
import { describe, expect, test } from "vitest";
import { signedHeaders } from "../support/sign.ts";
import { credentials, type RunningGateway, startGateway } from "../support/start-gateway.ts";
import { lambdaRoute, socketApi } from "../support/templates.ts";

const ok = () => ({ statusCode: 200 });
const start = (connect: () => unknown = ok) =>
  startGateway(socketApi({ ...lambdaRoute("$connect"), ...lambdaRoute("$disconnect") }), { connect });
const idOf = (gateway: RunningGateway, n = 0) => gateway.events("connect")[n].requestContext.connectionId;
const post = (gateway: RunningGateway, ConnectionId: string, Data: string | Uint8Array = "hi", abortAfterMs?: number) =>
  gateway
    .management()
    .send(
      new PostToConnectionCommand({ ConnectionId, Data }),
      abortAfterMs === undefined ? {} : { abortSignal: AbortSignal.timeout(abortAfterMs) },
    );
const unknownId = "AAAAAAAAAAAAAAA=";

describe("a post", () => {
  test("arrives as one text frame, also if the data are binary", async () => {
    const gateway = await start();
    const { next } = await gateway.connect();
    expect((await post(gateway, idOf(gateway), Buffer.from("häppy ✓"))).$metadata.httpStatusCode).toBe(200);
    expect(await next()).toBe("häppy ✓");
  });

  test("of 128 KB is delivered, of one byte more is 413", async () => {
    const gateway = await start();
    const { next } = await gateway.connect();
    await post(gateway, idOf(gateway), "x".repeat(131_072));
    expect(await next()).toHaveLength(131_072);
    await expect(post(gateway, idOf(gateway), "x".repeat(131_073))).rejects.toMatchObject({
      name: "PayloadTooLargeException",
      $metadata: { httpStatusCode: 413 },
    });
  });

  test("to a client that does not read is 429 once the send buffer is full", async () => {
    const gateway = await start();
    const { socket, next } = await gateway.connect();
    socket.pause();
    const text = "x".repeat(131_072);
    const postUntilRefused = async () => {
      for (let posts = 1; ; posts += 1) {
        try {
          await post(gateway, idOf(gateway), text);
        } catch (error) {
          return { posts, error };
        }
      }
    };
    const { posts, error } = await postUntilRefused();
    expect(error).toMatchObject({ name: "LimitExceededException" });
    socket.resume();
    for (let n = 1; n < posts; n += 1) expect(await next()).toHaveLength(131_072);
    await post(gateway, idOf(gateway));
    expect(await next()).toBe("hi");
  });

  test("to an unknown id is 410", async () => {
    const gateway = await start();
    await expect(post(gateway, unknownId)).rejects.toMatchObject({
      name: "GoneException",
      message: "UnknownError",
      $metadata: { httpStatusCode: 410 },
    });
  });

  test.each(["nonsense", "AAAAAAAAAAAAAAAA", "AAAA AAAAAAAAAA="])("to the malformed id %s is 400", async (id) => {
    const gateway = await start();
    await expect(post(gateway, id)).rejects.toMatchObject({
      name: "BadRequestException",
      message: `Invalid connectionId: ${id}`,
      $metadata: { httpStatusCode: 400 },
    });
  });

  test("before $connect has returned is 410", async () => {
    let postedTo = "";
    const posting: Promise<unknown>[] = [];
    const gateway: RunningGateway = await startGateway(socketApi(lambdaRoute("$connect")), {
      connect: async ({ requestContext }) => {
        postedTo = requestContext.connectionId;
        posting.push(post(gateway, postedTo).catch((error: Error) => error.name));
        await Promise.all(posting);
        return { statusCode: 200 };
      },
    });
    const { next } = await gateway.connect();
    expect(await Promise.all(posting)).toEqual(["GoneException"]);
    await post(gateway, postedTo);
    expect(await next()).toBe("hi");
  });

  test("decodes the id in the path once", async () => {
    const gateway = await start();
    await gateway.connect();
    const id = idOf(gateway);
    await expect(post(gateway, encodeURIComponent(id))).rejects.toMatchObject({ name: "BadRequestException" });
  });
});

describe("GetConnection and DeleteConnection", () => {
  test("GetConnection describes the client and its times", async () => {
    const gateway = await start();
    await gateway.connect({ headers: { "user-agent": "test" } });
    const at = new Date(gateway.clock.now());
    gateway.clock.advance(1_000);
    await post(gateway, idOf(gateway));
    const found = await gateway.management().send(new GetConnectionCommand({ ConnectionId: idOf(gateway) }));
    expect(found).toMatchObject({
      ConnectedAt: at,
      Identity: { SourceIp: "127.0.0.1", UserAgent: "test" },
      LastActiveAt: new Date(at.getTime() + 1_000),
    });
  });

  test("DeleteConnection closes with 1000", async () => {
    const gateway = await start();
    const { closed } = await gateway.connect();
    const management = gateway.management();
    const { $metadata } = await management.send(new DeleteConnectionCommand({ ConnectionId: idOf(gateway) }));
    expect($metadata.httpStatusCode).toBe(204);
    expect((await closed).code).toBe(1000);
  });

  test.each([GetConnectionCommand, DeleteConnectionCommand])("%o of an unknown id is 410", async (Command) => {
    const gateway = await start();
    const sending = gateway.management().send(new Command({ ConnectionId: unknownId }) as GetConnectionCommand);
    await expect(sending).rejects.toMatchObject({ name: "GoneException" });
  });
});

describe("permissions", () => {
  test.each([
    ["POST", PostToConnectionCommand],
    ["GET", GetConnectionCommand],
    ["DELETE", DeleteConnectionCommand],
  ])("%s needs a permission of the caller's role", async (method, Command) => {
    const gateway = await start();
    await gateway.connect();
    gateway.iamAllows = () => false;
    const command = new Command({ ConnectionId: idOf(gateway), Data: "x" }) as PostToConnectionCommand;
    await expect(gateway.management().send(command)).rejects.toMatchObject({
      name: "ForbiddenException",
      $metadata: { httpStatusCode: 403 },
    });
    const arn = `arn:aws:execute-api:us-east-1:000000000000:${gateway.apiId("Socket")}`;
    expect(gateway.iamChecks).toEqual([
      `execute-api:ManageConnections ${arn}/socket/${method}/@connections/${idOf(gateway)}`,
    ]);
  });

  test.each([
    ["an unknown key", { ...credentials, accessKeyId: "AKIAOTHER" }, "UnrecognizedClientException"],
    ["another session's token", { ...credentials, sessionToken: "other" }, "UnrecognizedClientException"],
    ["a wrong secret", { ...credentials, secretAccessKey: "wrong" }, "InvalidSignatureException"],
  ])("%s is 403", async (_, wrong, name) => {
    const gateway = await start();
    await gateway.connect();
    const command = new PostToConnectionCommand({ ConnectionId: idOf(gateway), Data: "x" });
    await expect(gateway.management(wrong).send(command)).rejects.toMatchObject({
      name,
      $metadata: { httpStatusCode: 403 },
    });
  });

  test("an unsigned request is 403", async () => {
    const { origin } = await start();
    const response = await fetch(`${origin}/socket/@connections/${unknownId}`, { method: "POST", body: "x" });
    expect([response.status, response.headers.get("x-amzn-errortype"), await response.json()]).toEqual([
      403,
      "MissingAuthenticationTokenException",
      { message: "Missing Authentication Token" },
    ]);
  });

  test("a path without its stage is forbidden", async () => {
    const { origin } = await start();
    const response = await fetch(`${origin}/@connections/${unknownId}`, { method: "POST", body: "x" });
    expect([response.status, response.headers.get("x-amzn-errortype"), await response.json()]).toEqual([
      403,
      "ForbiddenException",
      { message: "Forbidden" },
    ]);
  });
});

describe("a request signed without the SDK", () => {
  interface Change {
    body?: string;
    region?: string;
    statesHash?: boolean;
    signingDate?: Date;
  }
  const sign = async ({ origin }: RunningGateway, path: string, { body = "hi", ...change }: Change = {}) => {
    const url = origin + path;
    const headers = await signedHeaders({ url, method: "POST", body: "hi", ...change });
    return fetch(url, { method: "POST", headers, body });
  };

  test.each([
    ["a plain @ and an encoded =", (id: string) => `/socket/@connections/${encodeURIComponent(id)}`],
    ["an encoded @ and =", (id: string) => `/socket/%40connections/${encodeURIComponent(id)}`],
    ["nothing encoded", (id: string) => `/socket/@connections/${id}`],
  ])("is accepted with %s", async (_, path) => {
    const gateway = await start();
    const { next } = await gateway.connect();
    expect((await sign(gateway, path(idOf(gateway)))).status).toBe(200);
    expect(await next()).toBe("hi");
  });

  test.each([
    ["another body", { body: "ho" }],
    ["another body than its x-amz-content-sha256 states", { body: "ho", statesHash: true }],
    ["a signature of six minutes ago", { signingDate: new Date(Date.now() - 360_000) }],
    ["another Region", { region: "eu-west-1" }],
  ])("is rejected with %s", async (_, change) => {
    const gateway = await start();
    await gateway.connect();
    const response = await sign(gateway, `/socket/@connections/${idOf(gateway)}`, change);
    expect([response.status, response.headers.get("x-amzn-errortype")]).toEqual([403, "InvalidSignatureException"]);
  });
});

describe("faults", () => {
  test("a post can be throttled with 429", async () => {
    const gateway = await start();
    await gateway.connect();
    gateway.faults.throttledPosts = 1;
    await expect(post(gateway, idOf(gateway))).rejects.toMatchObject({
      name: "LimitExceededException",
      $metadata: { httpStatusCode: 429 },
    });
  });

  test("a post can fail with 500", async () => {
    const gateway = await start();
    await gateway.connect();
    gateway.faults.failingPosts = 1;
    await expect(post(gateway, idOf(gateway))).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } });
  });

  test("a post can get 410 although it arrives", async () => {
    const gateway = await start();
    const { next } = await gateway.connect();
    gateway.faults.goneButDelivered = 1;
    await expect(post(gateway, idOf(gateway))).rejects.toMatchObject({ name: "GoneException" });
    expect(await next()).toBe("hi");
  });

  test("a post can get 200 although it is lost", async () => {
    const gateway = await start();
    const { next } = await gateway.connect();
    gateway.faults.lostPosts = 1;
    await post(gateway, idOf(gateway), "lost");
    gateway.faults.lostPosts = 0;
    await post(gateway, idOf(gateway), "kept");
    expect(await next()).toBe("kept");
  });

  test("a post can hang", async () => {
    const gateway = await start();
    await gateway.connect();
    gateway.faults.hangingPosts = (id) => id === idOf(gateway);
    await expect(post(gateway, idOf(gateway), "x", 50)).rejects.toMatchObject({ name: "AbortError" });
  });

  test("a post can be slow", async () => {
    const gateway = await start();
    const { next, received } = await gateway.connect();
    gateway.faults.slowPosts = 1;
    gateway.faults.slowPostMs = 2_000;
    const posted = post(gateway, idOf(gateway));
    await expect.poll(() => gateway.iamChecks.length).toBe(1);
    gateway.clock.advance(1_999);
    expect(received).toEqual([]);
    gateway.clock.advance(1);
    expect((await posted).$metadata.httpStatusCode).toBe(200);
    expect(await next()).toBe("hi");
  });

  test("a half-open connection accepts posts, delivers nothing, and ends when it is idle", async () => {
    const gateway = await start();
    const { socket, received, closed } = await gateway.connect();
    gateway.faults.halfOpen.add(idOf(gateway));
    await post(gateway, idOf(gateway));
    socket.terminate();
    await closed;
    await post(gateway, idOf(gateway));
    const command = new GetConnectionCommand({ ConnectionId: idOf(gateway) });
    expect((await gateway.management().send(command)).$metadata.httpStatusCode).toBe(200);
    expect(received).toEqual([]);
    gateway.clock.advance(599_999);
    await post(gateway, idOf(gateway));
    gateway.clock.advance(599_999);
    expect(gateway.events("disconnect")).toEqual([]);
    gateway.clock.advance(1);
    expect((await gateway.event("disconnect")).requestContext.disconnectStatusCode).toBe(1001);
    await expect(post(gateway, idOf(gateway))).rejects.toMatchObject({ name: "GoneException" });
  });
});
