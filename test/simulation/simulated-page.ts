import { type CatchUp, type LoginPolicy, type MessageFrame, SocketHandle } from "../../client/index.ts";
import type { Local } from "../../local/host/runtime.ts";
import { everyone, ownRoom, userRoom } from "../../protocol/ids.ts";
import type { History, Membership } from "./history.ts";
import { Network } from "./network.ts";

export interface PageOptions {
  local: Local;
  history: History;
  /** Unique name of the page in the history. */
  name: string;
  subject: string;
  /** Events that the page listens to. */
  eventNames: readonly string[];
  random: () => number;
}
type CatchUpKind = Membership["catchUp"];

const catchUps: { [kind in CatchUpKind]: CatchUp | undefined } = {
  none: undefined,
  last: { since: "last" },
  history: { history: 3 },
};
/** The page's clock jumps by this at `unblock`; the client then tries a WebSocket again instead of polling on. */
const jumpMs = 90_000;
/** Long enough for a slow machine. A dead connection is noticed after this plus `heartbeatMs`. */
const requestTimeoutMs = 8_000;
const heartbeatMs = 5_000;

/** A page with the real client that records its operations, their replies and the messages it receives. */
export class SimulatedPage {
  readonly name: string;
  readonly subject: string;
  readonly #options: PageOptions;
  readonly #history: History;
  readonly #network = new Network();
  readonly #handle: SocketHandle;
  /** Current memberships by room. */
  readonly #memberships = new Map<string, Membership>();
  /** By room: the moment of the last leave request. */
  readonly #leftAt = new Map<string, number>();
  #clockOffsetMs = 0;

  constructor(options: PageOptions) {
    const { local, history, name, subject, eventNames, random } = options;
    this.#options = options;
    this.#history = history;
    this.name = name;
    this.subject = subject;
    const token = local.mintToken({ sub: subject, rooms: ["*"], publish: ["*"] });
    this.#handle = new SocketHandle({
      url: local.webSocketUrl,
      token: () => token,
      pollUrl: `${local.restUrl}/poll`,
      WebSocket: this.#network.WebSocket,
      heartbeatMs,
      requestTimeoutMs,
      random: () => random() * 0.5,
      clock: {
        now: () => Date.now() + this.#clockOffsetMs,
        setTimeout: (run, ms) => setTimeout(run, ms),
        clearTimeout: (id) => clearTimeout(id as NodeJS.Timeout),
      },
    });
    for (const eventName of eventNames) this.#handle.listen(eventName, (_, message) => this.#receive(message));
    this.#handle.listen("loginRoomResp", (_, frame) => {
      if (frame.type === "loggedIn" && frame.recovered === false) {
        this.#history.violations.push(`${name} cannot catch up ${frame.roomId}`);
      }
      // With a `ref`, the failure answers a login call, and an existing membership continues.
      const isOut = frame.type === "evicted" || (frame.type === "loginFailed" && frame.ref === undefined);
      if (isOut && frame.roomId !== undefined) this.#endMembership(frame.roomId, "out", frame.data.code);
    });
    this.#handle.listen("errorResp", (data) => this.#trace(`was refused: ${data.code} ${data.msg}`));
    this.#handle.listen("connetResp", (data) => this.#trace(`${data.code} ${data.msg}`));
  }

  /** Rooms that the page is a member of, as far as it knows. */
  get rooms(): string[] {
    return [...this.#memberships.keys()].filter((roomId) => !roomId.startsWith("@"));
  }

  /** Resolves when the page is connected for the first time. */
  connect(): Promise<void> {
    const requestedAt = this.#history.moment();
    // The callback receives messages that arrive before the reply to `hello`, so the memberships start here.
    const own = [everyone, userRoom(this.subject)].map((roomId) => this.#startMembership(roomId, requestedAt, "none"));
    for (const membership of own) membership.from = Number.POSITIVE_INFINITY;
    return new Promise((resolve) => {
      const connected = () => {
        for (const membership of own) membership.from = Math.min(membership.from, this.#history.moment());
        resolve();
      };
      this.#handle.connect(connected, ({ code, msg }) => this.#trace(`${code} ${msg}`));
    });
  }

  login(roomId: string, type: LoginPolicy, catchUp: CatchUpKind): Promise<void> {
    const requestedAt = this.#history.moment();
    this.#trace(`logs in to ${roomId} ${type} ${catchUp}`);
    return new Promise((resolve) => {
      this.#handle.loginRoom(
        roomId,
        type,
        catchUps[catchUp],
        ({ code }) => {
          this.#trace(`${code} in ${roomId}`);
          if (!this.#memberships.has(roomId)) this.#startMembership(roomId, requestedAt, catchUp);
          resolve();
        },
        ({ code, msg }) => {
          this.#trace(`${code} not in ${roomId}: ${msg}`);
          resolve();
        },
      );
    });
  }

  leave(roomId: string): Promise<void> {
    const membership = this.#memberships.get(roomId);
    if (membership) membership.isUncertain = true;
    this.#leftAt.set(roomId, this.#history.moment());
    this.#trace(`leaves ${roomId}`);
    return new Promise((resolve) => {
      this.#handle.leaveRoom(
        roomId,
        ({ code }) => {
          this.#endMembership(roomId, "left", code);
          resolve();
        },
        ({ code, msg }) => {
          this.#trace(`${code} leaving ${roomId}: ${msg}`);
          resolve();
        },
      );
    });
  }

  /** Publishes, and retries once with the same `clientMessageId` after a temporary failure. */
  async publish(target: string | { toUser: string }, eventName: string, qos: 0 | 1 | 2): Promise<void> {
    const rooms = typeof target === "string" ? [target] : [userRoom(this.subject), userRoom(target.toUser)];
    const sent = this.#history.recordSend(eventName, rooms, qos > 0);
    const options = { qos, clientMessageId: eventName };
    for (const attempt of [1, 2]) {
      this.#trace(`publishes ${eventName} to ${rooms} at qos ${qos}${attempt === 2 ? " again" : ""}`);
      try {
        const { code, seq } = await this.#handle.publish(target, eventName, null, options);
        this.#trace(`${code} ${eventName} has seq ${seq}`);
        return this.#history.recordReply(sent, true);
      } catch (error) {
        const { code, msg } = error as { code: string; msg: string };
        this.#trace(`${code} ${eventName}: ${msg}`);
        this.#history.recordReply(sent, false);
        if (code !== "3002" && code !== "5001") return;
      }
    }
  }

  drop(isUnnoticed: boolean): void {
    this.#trace(`loses its connection${isUnnoticed ? ", unnoticed" : ""}`);
    this.#network.drop(isUnnoticed);
  }

  freeze(): void {
    this.#trace("loses its network");
    this.#network.freeze();
  }

  block(): void {
    this.#trace("can open no WebSocket");
    this.#network.isBlocked = true;
    this.#network.drop(false);
  }

  /** WebSockets can be opened again, and the page's clock jumps to the time for the next attempt. */
  unblock(): void {
    if (!this.#network.isBlocked) return;
    this.#trace("can open WebSockets again");
    this.#network.isBlocked = false;
    this.#clockOffsetMs += jumpMs;
  }

  /** @param isUnnoticed whether API Gateway does not notice */
  close(isUnnoticed: boolean): void {
    this.#trace(`is closed${isUnnoticed ? ", unnoticed" : ""}`);
    if (isUnnoticed) this.#network.drop(true);
    this.#handle.close();
    for (const roomId of [...this.#memberships.keys()]) this.#endMembership(roomId, "closed", "");
  }

  /** Closes the client and all of its connections, stale ones included. */
  destroy(): void {
    this.#handle.close();
    this.#network.close();
  }

  /** Creates a new page of the same user. */
  successor(name: string): SimulatedPage {
    return new SimulatedPage({ ...this.#options, name });
  }

  #trace(event: string): void {
    this.#history.traceEvent(this.name, event);
  }

  #startMembership(roomId: string, requestedAt: number, catchUp: CatchUpKind): Membership {
    const membership: Membership = {
      page: this.name,
      subject: this.subject,
      roomId,
      requestedAt,
      from: this.#history.moment(),
      catchUp,
      until: undefined,
      end: undefined,
      // The reply to the login may arrive after a leave that was requested later.
      isUncertain: (this.#leftAt.get(roomId) ?? 0) > requestedAt,
      received: [],
    };
    this.#memberships.set(roomId, membership);
    this.#history.memberships.push(membership);
    return membership;
  }

  #endMembership(roomId: string, end: Membership["end"], code: string): void {
    const membership = this.#memberships.get(roomId);
    if (!membership) return;
    this.#trace(`${code} is out of ${roomId}`);
    membership.until = this.#history.moment();
    membership.end = end;
    this.#memberships.delete(roomId);
  }

  #receive({ eventName, messageId, seq, epoch, roomId = everyone }: MessageFrame): void {
    const at = this.#history.moment();
    const room = roomId === ownRoom ? userRoom(this.subject) : roomId;
    this.#trace(`receives ${eventName} in ${room}${seq === undefined ? "" : ` with seq ${seq}`}`);
    const membership = this.#memberships.get(room);
    if (membership) membership.received.push({ eventName, messageId, seq, epoch, at });
    else this.#history.violations.push(`${this.name} received ${eventName} of ${room} without a membership`);
  }
}
