import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { ApiGatewayManagementApiClient } from "@aws-sdk/client-apigatewaymanagementapi";
import { onTestFinished } from "vitest";
import { type ClientOptions, WebSocket } from "ws";
import { createGateway } from "../../../../local/api-gateway/gateway.ts";
import type { LambdaOutcome } from "../../../../local/api-gateway/stage/ports.ts";
import { resolveStack } from "../../../../local/template/stack.ts";
import { type Faults, noFaults } from "../../../../local/world/faults.ts";
import { type ManualClock, manualClock } from "../../support/manual-clock.ts";
import type { Resources } from "./templates.ts";

// biome-ignore lint/suspicious/noExplicitAny: tests read events member by member, and a wrong event fails the test
export type Event = any;
export type Handler = (event: Event) => unknown;

/** Functions by logical id without the suffix `Fn`. A thrown error is the error of the function. */
export type Functions = Record<string, Handler>;

export interface RunningGateway {
  clock: ManualClock;
  faults: Faults;
  /** `http://127.0.0.1:{port}` */
  origin: string;
  /** The events of a function, oldest first. */
  events: (name: string) => Event[];
  /** Resolves with the n-th event of a function, counted from 1. */
  event: (name: string, n?: number) => Promise<Event>;
  /** Functions that API Gateway may not invoke. */
  withoutPermission: Set<string>;
  /** The source ARNs of calls of `mayInvoke`. */
  sourceArns: string[];
  /** Actions and resources that were authorized by `iamAllows`. */
  iamChecks: string[];
  iamAllows: (action: string, resource: string) => boolean;
  connect: (options?: ConnectOptions) => Promise<TestSocket>;
  management: (credentials?: Credentials) => ApiGatewayManagementApiClient;
  /** Destroys the TCP connection of every client. */
  dropClients: () => void;
  logs: string[];
  apiId: (logicalId: string) => string;
}
interface ConnectOptions extends ClientOptions {
  path?: string;
  protocols?: string[];
}
interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
}
export const credentials: Credentials = {
  accessKeyId: "AKIALOCAL",
  secretAccessKey: "secret",
  sessionToken: "token",
};

/** Runs a gateway for a template until the test ends. */
export async function startGateway(resources: Resources, functions: Functions = {}): Promise<RunningGateway> {
  const stack = resolveStack({ stackName: "Test", template: { Resources: resources }, assets: new Map() });
  const clock = manualClock();
  const faults = noFaults();
  const received = new Map<string, Event[]>();
  let wake: (() => void)[] = [];
  const nameOf = (arn: string) => {
    const found = stack.ofType("AWS::Lambda::Function").find(({ logicalId }) => stack.arn(logicalId) === arn);
    return found?.logicalId.replace(/Fn$/, "") ?? arn;
  };
  const invoke = async (arn: string, event: unknown): Promise<LambdaOutcome> => {
    const name = nameOf(arn);
    const json = JSON.stringify(event);
    received.set(name, [...(received.get(name) ?? []), JSON.parse(json)]);
    for (const resolve of wake) resolve();
    wake = [];
    try {
      const payload = await functions[name]?.(JSON.parse(json));
      return { ok: true, payload: payload === undefined ? null : JSON.parse(JSON.stringify(payload)) };
    } catch (error) {
      return { ok: false, errorType: "Error", errorMessage: (error as Error).message };
    }
  };
  const running: Omit<
    RunningGateway,
    "connect" | "management" | "origin" | "event" | "events" | "apiId" | "dropClients"
  > = {
    clock,
    faults,
    withoutPermission: new Set(),
    sourceArns: [],
    iamChecks: [],
    iamAllows: () => true,
    logs: [],
  };
  const gateway = createGateway({
    stack,
    invocations: { serve: (_trace, _name, run) => run() },
    clock,
    faults,
    lambda: {
      invoke,
      mayInvoke: (arn, sourceArn) => {
        running.sourceArns.push(sourceArn);
        return !running.withoutPermission.has(nameOf(arn));
      },
    },
    iam: {
      principalOfKey: (accessKeyId) =>
        accessKeyId === credentials.accessKeyId
          ? { arn: "arn:aws:iam::000000000000:role/push", ...credentials }
          : undefined,
      denial: (_, action, resource) => {
        running.iamChecks.push(`${action} ${resource}`);
        return running.iamAllows(action, resource) ? undefined : `not authorized to perform ${action}`;
      },
    },
    log: (line) => running.logs.push(line),
  });
  const server = createServer((request, response) => {
    gateway.handleRequest(request, response).then(
      (isHandled) => !isHandled && response.writeHead(404).end(),
      (error) => running.logs.push(String(error)),
    );
  });
  const sockets = new Set<Duplex>();
  server.on("upgrade", (request, socket, head) => {
    sockets.add(socket);
    if (!gateway.handleUpgrade(request, socket, head)) socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  onTestFinished(async () => {
    await gateway.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const events = (name: string) => received.get(name) ?? [];
  return Object.assign(running, {
    origin,
    events,
    dropClients: () => {
      for (const socket of sockets) socket.destroy();
    },
    apiId: (logicalId: string) => stack.physicalId(logicalId),
    event: async (name: string, n = 1) => {
      while (events(name).length < n) await new Promise<void>((resolve) => wake.push(resolve));
      return events(name)[n - 1];
    },
    connect: ({ path = "/socket", protocols, ...options }: ConnectOptions = {}) =>
      openSocket(new WebSocket(`${origin.replace("http", "ws")}${path}`, protocols, options)),
    management: (own: Credentials = credentials) => {
      const client = new ApiGatewayManagementApiClient({
        endpoint: `${origin}/socket`,
        region: "us-east-1",
        credentials: own,
        maxAttempts: 1,
      });
      onTestFinished(() => client.destroy());
      return client;
    },
  });
}

/** A client that buffers received frames, so that none is missed between two awaits. */
export interface TestSocket {
  socket: WebSocket;
  next: () => Promise<string>;
  say: (message: unknown) => void;
  /** Frames that `next` has not returned yet. */
  received: string[];
  closed: Promise<{ code: number; reason: string }>;
}

/** The response to a rejected handshake. */
export class HandshakeRefused extends Error {
  readonly status: number;
  readonly body: string;
  constructor(status: number, body: string) {
    super(`the handshake was rejected with ${status}`);
    this.status = status;
    this.body = body;
  }
}

function openSocket(socket: WebSocket): Promise<TestSocket> {
  const received: string[] = [];
  let pending: ((frame: string) => void) | undefined;
  socket.on("message", (data, isBinary) => {
    const frame = isBinary ? `binary: ${data}` : String(data);
    if (!pending) return void received.push(frame);
    pending(frame);
    pending = undefined;
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  onTestFinished(() => socket.terminate());
  return new Promise((resolve, reject) => {
    socket.on("unexpected-response", (_, response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        reject(new HandshakeRefused(response.statusCode ?? 0, Buffer.concat(chunks).toString())),
      );
    });
    socket.on("error", reject);
    socket.on("open", () =>
      resolve({
        socket,
        received,
        closed,
        next: () => {
          const frame = received.shift();
          if (frame !== undefined) return Promise.resolve(frame);
          return new Promise((receive) => {
            pending = receive;
          });
        },
        say: (message) => socket.send(typeof message === "string" ? message : JSON.stringify(message)),
      }),
    );
  });
}
