import type { Claims } from "../../lambdas/adapters/tokens/tokens.ts";
import { contextOf } from "../../lambdas/adapters/tokens/tokens.ts";
import type { SocketEvent } from "../../lambdas/handlers/socket-event.ts";
import { frameCodes } from "../../protocol/codes.ts";
import type { Action, ClientFrame, RoomToRestore, ServerFrame } from "../../protocol/frames.ts";
import { routes } from "../../protocol/frames.ts";
import type { MeteredStack } from "./metered-stack.ts";

type FrameType = ServerFrame["type"];
type ReplyOf<T extends FrameType> = Extract<ServerFrame, { type: T }>;
type LoggedIn = ReplyOf<"loggedIn">;

/** The response of the MOCK route. */
const alive: ServerFrame = {
  type: "heartbeat",
  eventName: "heartbeatResp",
  data: { code: frameCodes.alive, msg: "alive" },
};

/** A page whose frames pass through the functions as API Gateway passes them. It acks, and it answers probes. */
export class Page {
  readonly claims: Claims;
  connectionId = "";
  session = "";
  private connectedAtMs = 0;
  private readonly stack: MeteredStack;

  constructor(stack: MeteredStack, subject = `staff-${stack.newId()}`) {
    this.stack = stack;
    const grants = { rooms: ["order-*", "team-*"], publish: ["team-*", "@user/*"] };
    this.claims = { subject, grants, tokenExpiresAtMs: stack.nowMs + 3_600_000 };
  }

  /** The handshake. Handshakes and disconnects do not count as messages. */
  async connect(): Promise<void> {
    this.stack.nowMs += 1;
    this.connectedAtMs = this.stack.nowMs;
    // As long as AWS's connection ids.
    this.connectionId = `${this.stack.newId().slice(-15)}=`;
    await this.stack.authorize(this.claims);
    const { statusCode } = await this.stack.socket(this.event("$connect"));
    if (statusCode !== 200) throw new Error(`the response to $connect was ${statusCode}`);
    this.stack.connections.set(this.connectionId, (frame) => {
      if (frame.type === "probe") void this.send({ action: "here", nonce: frame.nonce });
    });
  }

  async disconnect(): Promise<void> {
    this.loseConnection();
    await this.stack.socket(this.event("$disconnect"));
  }

  /** Ends the connection without a `$disconnect`. */
  loseConnection(): void {
    this.stack.connections.delete(this.connectionId);
  }

  async hello(rooms: RoomToRestore[] = []): Promise<LoggedIn[]> {
    const known = this.session && { session: this.session };
    const reply = await this.request({ action: "hello", ...known, probe: true, acks: true, rooms }, "connected");
    this.session = reply.session;
    return reply.rooms.map((room) => {
      if (room.type !== "loggedIn") throw new Error(`hello did not restore a room: ${JSON.stringify(room)}`);
      return room;
    });
  }

  /** Connects and sends a hello. */
  async open(): Promise<this> {
    await this.connect();
    await this.hello();
    return this;
  }

  /** Sends a frame. @throws an error if the reply has another type */
  async request<T extends FrameType>(frame: ClientFrame, type: T): Promise<ReplyOf<T>> {
    const reply = await this.send(frame);
    if (reply?.type !== type) throw new Error(`the reply to ${frame.action} was ${JSON.stringify(reply)}`);
    return reply as ReplyOf<T>;
  }

  /** Sends a frame. @returns the route's response */
  async send(frame: ClientFrame): Promise<ServerFrame | undefined> {
    const body = JSON.stringify(frame);
    const route = routes[frame.action];
    this.stack.meter.countFrame(body);
    const text =
      route === "mock" ? JSON.stringify(alive) : (await this.stack.socket(this.event(frame.action, body))).body;
    if (text === undefined || route === "silent") return undefined;
    this.stack.meter.countFrame(text);
    return JSON.parse(text);
  }

  private event(routeKey: Action | "$connect" | "$disconnect", body?: string) {
    const { connectionId, connectedAtMs: connectedAt, claims } = this;
    const requestTimeEpoch = this.stack.nowMs;
    const types = { $connect: "CONNECT", $disconnect: "DISCONNECT" } as const;
    const eventType: SocketEvent["requestContext"]["eventType"] =
      routeKey === "$connect" || routeKey === "$disconnect" ? types[routeKey] : "MESSAGE";
    const context = { eventType, routeKey, connectionId, connectedAt, requestTimeEpoch, authorizer: contextOf(claims) };
    return { requestContext: context, body };
  }
}
