import { type CatchUp, type LoginPolicy, type MessageFrame, SocketHandle } from "../../client/index.ts";
import type { Local } from "../../local/host/runtime.ts";
import { everyone, ownRoom, userRoom } from "../../protocol/ids.ts";
import type { History, Stay } from "./history.ts";
import { Network } from "./network.ts";

export interface PageOptions {
  local: Local;
  history: History;
  /** Of this page alone. */
  name: string;
  subject: string;
  /** Events that it listens to. */
  eventNames: readonly string[];
  random: () => number;
}
type WayToCatchUp = Stay["catchUp"];

const catchUps: { [way in WayToCatchUp]: CatchUp | undefined } = {
  none: undefined,
  last: { since: "last" },
  history: { history: 3 },
};
/** Longer than a poll's life. */
const jumpMs = 90_000;
/** Time enough for a slow machine; a line that died is noticed after this and `heartbeatMs`. */
const requestTimeoutMs = 8_000;
const heartbeatMs = 5_000;

/** A page with the real client, that keeps a record of what it is told and of what its callback hears. */
export class SimulatedPage {
  readonly name: string;
  readonly subject: string;
  readonly #options: PageOptions;
  readonly #record: History;
  readonly #network = new Network();
  readonly #handle: SocketHandle;
  readonly #stays = new Map<string, Stay>();
  /** When each room was last asked to be left. */
  readonly #leftAt = new Map<string, number>();
  #clockOffsetMs = 0;

  constructor(options: PageOptions) {
    const { local, history, name, subject, eventNames, random } = options;
    this.#options = options;
    this.#record = history;
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
    for (const eventName of eventNames) this.#handle.listen(eventName, (_, message) => this.#hear(message));
    this.#handle.listen("loginRoomResp", (_, frame) => {
      if (frame.type === "loggedIn" && frame.recovered === false) {
        this.#record.faults.push(`${name} was told that ${frame.roomId} cannot be caught up`);
      }
      // With a ref it answers a login of the page, which changes nothing about a place that it has.
      const isOut = frame.type === "evicted" || (frame.type === "loginFailed" && frame.ref === undefined);
      if (isOut && frame.roomId !== undefined) this.#end(frame.roomId, "out", frame.data.code);
    });
    this.#handle.listen("errorResp", (data) => this.#note(`was refused: ${data.code} ${data.msg}`));
    this.#handle.listen("connetResp", (data) => this.#note(`${data.code} ${data.msg}`));
  }

  /** Rooms that the page knows itself to be in. */
  get rooms(): string[] {
    return [...this.#stays.keys()].filter((roomId) => !roomId.startsWith("@"));
  }

  /** Resolves with the first connection. */
  connect(): Promise<void> {
    const askedAt = this.#record.moment();
    // What comes while the first answer is on its way is shown right before it.
    const own = [everyone, userRoom(this.subject)].map((roomId) => this.#begin(roomId, askedAt, "none"));
    for (const stay of own) stay.from = Number.POSITIVE_INFINITY;
    return new Promise((resolve) => {
      const connected = () => {
        for (const stay of own) stay.from = Math.min(stay.from, this.#record.moment());
        resolve();
      };
      this.#handle.connect(connected, ({ code, msg }) => this.#note(`${code} ${msg}`));
    });
  }

  login(roomId: string, type: LoginPolicy, catchUp: WayToCatchUp): Promise<void> {
    const askedAt = this.#record.moment();
    this.#note(`logs in to ${roomId} ${type} ${catchUp}`);
    return new Promise((resolve) => {
      this.#handle.loginRoom(
        roomId,
        type,
        catchUps[catchUp],
        ({ code }) => {
          this.#note(`${code} in ${roomId}`);
          if (!this.#stays.has(roomId)) this.#begin(roomId, askedAt, catchUp);
          resolve();
        },
        ({ code, msg }) => {
          this.#note(`${code} not in ${roomId}: ${msg}`);
          resolve();
        },
      );
    });
  }

  leave(roomId: string): Promise<void> {
    const stay = this.#stays.get(roomId);
    if (stay) stay.isInDoubt = true;
    this.#leftAt.set(roomId, this.#record.moment());
    this.#note(`leaves ${roomId}`);
    return new Promise((resolve) => {
      this.#handle.leaveRoom(
        roomId,
        ({ code }) => {
          this.#end(roomId, "left", code);
          resolve();
        },
        ({ code, msg }) => {
          this.#note(`${code} leaving ${roomId}: ${msg}`);
          resolve();
        },
      );
    });
  }

  /** Publishes, and once more with the same id if that fails. */
  async publish(target: string | { toUser: string }, eventName: string, qos: 0 | 1 | 2): Promise<void> {
    const rooms = typeof target === "string" ? [target] : [userRoom(this.subject), userRoom(target.toUser)];
    const sent = this.#record.begin(eventName, rooms, qos > 0);
    const options = { qos, clientMessageId: eventName };
    for (const attempt of [1, 2]) {
      this.#note(`publishes ${eventName} to ${rooms} at qos ${qos}${attempt === 2 ? " again" : ""}`);
      try {
        const { code, seq } = await this.#handle.publish(target, eventName, null, options);
        this.#note(`${code} ${eventName} is number ${seq}`);
        return this.#record.answer(sent, true);
      } catch (error) {
        const { code, msg } = error as { code: string; msg: string };
        this.#note(`${code} ${eventName}: ${msg}`);
        this.#record.answer(sent, false);
        if (code !== "3002" && code !== "5001") return;
      }
    }
  }

  drop(untold: boolean): void {
    this.#note(`loses its connection${untold ? ", untold" : ""}`);
    this.#network.drop(untold);
  }

  freeze(): void {
    this.#note("has a dead line");
    this.#network.freeze();
  }

  block(): void {
    this.#note("gets no WebSocket through");
    this.#network.isBlocked = true;
    this.#network.drop(false);
  }

  /** WebSockets get through again, and it is time to try one. */
  unblock(): void {
    if (!this.#network.isBlocked) return;
    this.#note("gets WebSockets through");
    this.#network.isBlocked = false;
    this.#clockOffsetMs += jumpMs;
  }

  /** @param untold API Gateway does not notice */
  close(untold: boolean): void {
    this.#note(`is closed${untold ? ", untold" : ""}`);
    if (untold) this.#network.drop(true);
    this.#handle.close();
    for (const roomId of [...this.#stays.keys()]) this.#end(roomId, "closed", "");
  }

  /** Ends the connections that were left behind, too. */
  destroy(): void {
    this.#handle.close();
    this.#network.close();
  }

  /** The same person with a new page. */
  successor(name: string): SimulatedPage {
    return new SimulatedPage({ ...this.#options, name });
  }

  #note(what: string): void {
    this.#record.note(this.name, what);
  }

  #begin(roomId: string, askedAt: number, catchUp: WayToCatchUp): Stay {
    const stay: Stay = {
      page: this.name,
      subject: this.subject,
      roomId,
      askedAt,
      from: this.#record.moment(),
      catchUp,
      until: undefined,
      end: undefined,
      // The login may be answered after a leave that was asked for later.
      isInDoubt: (this.#leftAt.get(roomId) ?? 0) > askedAt,
      received: [],
    };
    this.#stays.set(roomId, stay);
    this.#record.stays.push(stay);
    return stay;
  }

  #end(roomId: string, end: Stay["end"], code: string): void {
    const stay = this.#stays.get(roomId);
    if (!stay) return;
    this.#note(`${code} is out of ${roomId}`);
    stay.until = this.#record.moment();
    stay.end = end;
    this.#stays.delete(roomId);
  }

  #hear({ eventName, messageId, seq, epoch, roomId = everyone }: MessageFrame): void {
    const at = this.#record.moment();
    const room = roomId === ownRoom ? userRoom(this.subject) : roomId;
    this.#note(`hears ${eventName} in ${room}${seq === undefined ? "" : ` as number ${seq}`}`);
    const stay = this.#stays.get(room);
    if (stay) stay.received.push({ eventName, messageId, seq, epoch, at });
    else this.#record.faults.push(`${this.name} heard ${eventName} of ${room} while it was not in`);
  }
}
