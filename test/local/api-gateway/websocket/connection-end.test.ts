import { once } from "node:events";
import type { Socket } from "node:net";
import { DeleteConnectionCommand, PostToConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";
import { describe, expect, test } from "vitest";
import { type RunningGateway, startGateway, type TestSocket } from "../support/start-gateway.ts";
import { lambdaRoute, mockRoute, socketApi } from "../support/templates.ts";

const ping = mockRoute(
  "ping",
  { RequestTemplates: { $default: '{"statusCode":200}' }, TemplateSelectionExpression: "\\$default" },
  { $default: "pong" },
);
const quiet = lambdaRoute("quiet");
const template = { ...lambdaRoute("$connect"), ...lambdaRoute("$disconnect"), ...ping, ...quiet };
const start = () => startGateway(socketApi(template), { connect: () => ({ statusCode: 200 }) });
const idOf = (gateway: RunningGateway) => gateway.events("connect")[0].requestContext.connectionId;
const post = (gateway: RunningGateway) =>
  gateway.management().send(new PostToConnectionCommand({ ConnectionId: idOf(gateway), Data: "hi" }));

/** Sends one message in frames of these sizes. */
function sendInFrames({ socket }: TestSocket, sizes: number[]): void {
  for (const [at, size] of sizes.entries()) socket.send("x".repeat(size), { fin: at === sizes.length - 1 });
}
/** The TCP socket; `ws` has no public API to send a malformed frame. */
const tcpSocketOf = (socket: object) => (socket as { _socket: Socket })._socket;

describe("$disconnect has code and reason of", () => {
  test.each<[string, (socket: TestSocket, gateway: RunningGateway) => unknown, number, string]>([
    ["a close without a code", ({ socket }) => socket.close(), 1005, "Client-side close frame status not set"],
    ["a closed tab", ({ socket }) => socket.close(1001), 1001, ""],
    ["a close with code and text", ({ socket }) => socket.close(3000, "done"), 3000, "done"],
    ["a lost connection", ({ socket }) => socket.terminate(), 1006, "Connection closed abnormally"],
    [
      "DeleteConnection",
      (_, gateway) => gateway.management().send(new DeleteConnectionCommand({ ConnectionId: idOf(gateway) })),
      1000,
      "Connection Closed Normally",
    ],
    ["an idle connection", (_, { clock }) => clock.advance(600_000), 1001, "Going away"],
    ["a binary frame", ({ socket }) => socket.send(Buffer.from("{}")), 1003, ""],
    ["a frame of more than 32 KB", ({ socket }) => socket.send("x".repeat(32_769)), 1009, ""],
    ["a message of more than 128 KB", (client) => sendInFrames(client, [32_768, 32_768, 32_768, 32_768, 1]), 1009, ""],
    ["text that is not UTF-8", ({ socket }) => socket.send(Buffer.from([0xff]), { binary: false }), 1007, ""],
    ["a malformed frame", ({ socket }) => tcpSocketOf(socket).write(Buffer.from([0xff, 0xff, 0, 0])), 1002, ""],
  ])("%s", async (_, end, code, reason) => {
    const gateway = await start();
    const client = await gateway.connect();
    await end(client, gateway);
    const { requestContext } = await gateway.event("disconnect");
    expect([requestContext.disconnectStatusCode, requestContext.disconnectReason]).toEqual([code, reason]);
    await expect(post(gateway)).rejects.toMatchObject({ name: "GoneException" });
    expect(gateway.events("disconnect")).toHaveLength(1);
  });

  test("no connection, with lostDisconnects", async () => {
    const gateway = await start();
    gateway.faults.lostDisconnects = 1;
    const { socket, closed } = await gateway.connect();
    socket.close();
    await closed;
    await expect(post(gateway)).rejects.toMatchObject({ name: "GoneException" });
    expect(gateway.events("disconnect")).toEqual([]);
  });

  test("a share of connections, with a share of lostDisconnects", async () => {
    const gateway = await start();
    gateway.faults.lostDisconnects = 0.5;
    const numbers = [0.4, 0.6];
    gateway.faults.random = () => numbers.shift() ?? 1;
    for (const client of [await gateway.connect(), await gateway.connect()]) {
      client.socket.close();
      await client.closed;
    }
    await gateway.event("disconnect");
    expect(gateway.events("disconnect")).toHaveLength(1);
  });

  test("a client that disconnects before $connect returns", async () => {
    let release = () => {};
    const connected = new Promise<void>((resolve) => {
      release = resolve;
    });
    const gateway = await startGateway(socketApi(template), {
      connect: async () => {
        await connected;
        return { statusCode: 200 };
      },
    });
    const opening = gateway.connect();
    const failed = expect(opening).rejects.toThrow();
    await gateway.event("connect");
    gateway.dropClients();
    await failed;
    release();
    expect((await gateway.event("disconnect")).requestContext.disconnectStatusCode).toBe(1006);
  });
});

describe("an idle connection ends after 600 s", () => {
  const idleTimeoutMs = 600_000;
  test("counted from the last message of the client", async () => {
    const gateway = await start();
    const { say, next, closed, socket } = await gateway.connect();
    gateway.clock.advance(idleTimeoutMs - 1);
    say({ action: "ping" });
    await next();
    gateway.clock.advance(idleTimeoutMs - 1);
    say({ action: "ping" });
    expect(await next()).toBe("pong");
    expect(socket.readyState).toBe(socket.OPEN);
    gateway.clock.advance(idleTimeoutMs);
    expect(await closed).toEqual({ code: 1001, reason: "Going away" });
  });

  test("counted from the last message of the client, also without a response", async () => {
    const gateway = await start();
    const { say, closed, socket } = await gateway.connect();
    gateway.clock.advance(idleTimeoutMs - 1);
    say({ action: "quiet" });
    await gateway.event("quiet");
    gateway.clock.advance(idleTimeoutMs - 1);
    expect(socket.readyState).toBe(socket.OPEN);
    expect(gateway.events("disconnect")).toEqual([]);
    gateway.clock.advance(1);
    expect((await closed).code).toBe(1001);
  });

  test("counted from the last post", async () => {
    const gateway = await start();
    const { closed } = await gateway.connect();
    gateway.clock.advance(idleTimeoutMs - 1);
    await post(gateway);
    gateway.clock.advance(idleTimeoutMs - 1);
    await post(gateway);
    gateway.clock.advance(idleTimeoutMs);
    expect(await closed).toEqual({ code: 1001, reason: "Going away" });
  });

  test("also if the client sends pings; it receives pongs", async () => {
    const gateway = await start();
    const { socket, closed } = await gateway.connect();
    gateway.clock.advance(idleTimeoutMs - 1);
    socket.ping();
    await once(socket, "pong");
    gateway.clock.advance(1);
    expect(await closed).toEqual({ code: 1001, reason: "Going away" });
  });
});

test("an active connection ends after two hours", async () => {
  const gateway = await start();
  const { say, next, closed, socket } = await gateway.connect();
  for (let minute = 0; minute < 115; minute += 5) {
    gateway.clock.advance(300_000);
    say({ action: "ping" });
    await next();
  }
  gateway.clock.advance(299_999);
  say({ action: "ping" });
  expect(await next()).toBe("pong");
  expect(socket.readyState).toBe(socket.OPEN);
  gateway.clock.advance(1);
  expect(await closed).toEqual({ code: 1001, reason: "Going away" });
  expect((await gateway.event("disconnect")).requestContext.requestTimeEpoch).toBe(
    gateway.events("connect")[0].requestContext.connectedAt + 7_200_000,
  );
});

describe("frames and messages", () => {
  const start = () =>
    startGateway(socketApi({ ...lambdaRoute("$default", { isTwoWay: true }) }), {
      default: ({ body }) => ({ statusCode: 200, body: `${body.length}` }),
    });

  test.each([
    ["a frame of 32 KB", [32_768], "32768"],
    ["a message of 128 KB in four frames", [32_768, 32_768, 32_768, 32_768], "131072"],
    ["a short frame", [125], "125"],
    ["the shortest frame with an extended length", [126], "126"],
    ["an empty first frame", [0, 5], "5"],
  ])("%s is accepted", async (_, sizes, response) => {
    const { connect } = await start();
    const client = await connect();
    sendInFrames(client, sizes);
    expect(await client.next()).toBe(response);
    sendInFrames(client, [3]);
    expect(await client.next()).toBe("3");
  });

  test.each([
    ["a frame of more than 32 KB", [32_769]],
    ["a later frame of more than 32 KB", [10, 32_769]],
    ["a frame of 100 KB", [100_000]],
    ["a message of more than 128 KB in short frames", [32_768, 32_768, 32_768, 32_768, 1]],
  ])("%s ends the connection with 1009", async (_, sizes) => {
    const gateway = await start();
    const client = await gateway.connect();
    sendInFrames(client, sizes);
    expect((await client.closed).code).toBe(1009);
    expect(gateway.events("default")).toEqual([]);
  });

  test("a binary frame ends the connection with 1003", async () => {
    const gateway = await start();
    const { socket, closed } = await gateway.connect();
    socket.send(Buffer.from("{}"));
    expect((await closed).code).toBe(1003);
    expect(gateway.events("default")).toEqual([]);
  });

  test("a message after a frame that is too long is not handled", async () => {
    const gateway = await start();
    const { socket, closed } = await gateway.connect();
    socket.send("x".repeat(32_769));
    socket.send("hello");
    await closed;
    expect(gateway.events("default")).toEqual([]);
  });
});
