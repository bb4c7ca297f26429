import type { Claims } from "../../lambdas/adapters/tokens/tokens.ts";
import { contextOf } from "../../lambdas/adapters/tokens/tokens.ts";
import { frameCodes } from "../../protocol/codes.ts";
import type { Action, ClientFrame, RoomToRestore, ServerFrame } from "../../protocol/frames.ts";
import { routes } from "../../protocol/frames.ts";
import type { Backend } from "./metered-stack.ts";

type FrameType = ServerFrame["type"];
type Answer<T extends FrameType> = Extract<ServerFrame, { type: T }>;
type LoggedIn = Answer<"loggedIn">;

/** API Gateway's own answer. */
const alive: ServerFrame = {
  type: "heartbeat",
  eventName: "heartbeatResp",
  data: { code: frameCodes.alive, msg: "alive" },
};

/** A page whose frames travel as API Gateway carries them. It answers probes and acks, as our client does. */
export class Page {
  readonly claims: Claims;
  connectionId = "";
  session = "";
  private connectedAtMs = 0;
  private readonly backend: Backend;

  constructor(backend: Backend, subject = `staff-${backend.newId()}`) {
    this.backend = backend;
    const grants = { rooms: ["order-*", "team-*"], publish: ["team-*", "@user/*"] };
    this.claims = { subject, grants, tokenExpiresAtMs: backend.nowMs + 3_600_000 };
  }

  /** The handshake. Neither it nor the end of a connection counts as a message. */
  async connect(): Promise<void> {
    this.backend.nowMs += 1;
    this.connectedAtMs = this.backend.nowMs;
    // As long as AWS's.
    this.connectionId = `${this.backend.newId().slice(-15)}=`;
    await this.backend.authorize(this.claims);
    const { statusCode } = await this.backend.socket(this.event("$connect"));
    if (statusCode !== 200) throw new Error(`$connect was answered ${statusCode}`);
    this.backend.lines.set(this.connectionId, (frame) => {
      if (frame.type === "probe") void this.send({ action: "here", nonce: frame.nonce });
    });
  }

  async disconnect(): Promise<void> {
    this.dropOff();
    await this.backend.socket(this.event("$disconnect"));
  }

  /** Ends without a word to anybody. */
  dropOff(): void {
    this.backend.lines.delete(this.connectionId);
  }

  async hello(rooms: RoomToRestore[] = []): Promise<LoggedIn[]> {
    const known = this.session && { session: this.session };
    const reply = await this.ask({ action: "hello", ...known, probe: true, acks: true, rooms }, "connected");
    this.session = reply.session;
    return reply.rooms.map((room) => {
      if (room.type !== "loggedIn") throw new Error(`hello did not restore a room: ${JSON.stringify(room)}`);
      return room;
    });
  }

  /** @returns the page, connected and introduced */
  async open(): Promise<this> {
    await this.connect();
    await this.hello();
    return this;
  }

  /** Sends a frame whose answer has to be of that type. */
  async ask<T extends FrameType>(frame: ClientFrame, type: T): Promise<Answer<T>> {
    const reply = await this.send(frame);
    if (reply?.type !== type) throw new Error(`${frame.action} was answered by ${JSON.stringify(reply)}`);
    return reply as Answer<T>;
  }

  /** Sends a frame. @returns the route's response */
  async send(frame: ClientFrame): Promise<ServerFrame | undefined> {
    const body = JSON.stringify(frame);
    const travels = routes[frame.action];
    this.backend.meter.carry(body);
    const text =
      travels === "mock" ? JSON.stringify(alive) : (await this.backend.socket(this.event(frame.action, body))).body;
    if (text === undefined || travels === "silent") return undefined;
    this.backend.meter.carry(text);
    return JSON.parse(text);
  }

  private event(routeKey: Action | "$connect" | "$disconnect", body?: string) {
    const { connectionId, connectedAtMs: connectedAt, claims } = this;
    const requestTimeEpoch = this.backend.nowMs;
    const context = { routeKey, connectionId, connectedAt, requestTimeEpoch, authorizer: contextOf(claims) };
    return { requestContext: context, body };
  }
}
