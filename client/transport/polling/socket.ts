import type {
  ClientFrame,
  FrameOf,
  LoginFrame,
  Position,
  Ref,
  RoomToRestore,
  ServerFrame,
} from "../../../protocol/frames.ts";
import type { limits } from "../../../protocol/limits.ts";
import type { WebSocketLike } from "../../options.ts";
import { type Pace, paceOf } from "./interval.ts";
import { type Answer, askPoll, encoded, type Failure, type PollOptions } from "./request.ts";

/** After about so long it closes, so that a WebSocket is tried again. */
const lifeMs = 60_000;
/** API Gateway takes 10,240 bytes of request line and headers together, and the token is among them. */
const roomsChars = 5_000;
/** Names of rooms may take three times their length in an address. */
const leavesPerPoll = 5;
const roomsPerPoll: (typeof limits)["roomsPerHello"] = 50;
const mostRooms: (typeof limits)["roomsPerConnection"] = 100;
/** As protocol/ids.ts has it, which the rest of the client would have to load. */
const roomIdPattern = /^[\w\-=,.;:][\w\-=,.;:@]{0,127}$/;
const mostErrors = 3;
/** Until then no WebSocket is tried again, whatever is to be published: one has just failed to open. */
const youthMs = 10_000;
/** While a payload is fetched each poll brings the same again, with a new address. */
const payloadPauseMs = 3_000;

/**
 * What a page has where no WebSocket gets through: it looks like one, takes the frames of a client and gives those of a
 * server, but asks `GET /poll`. Cursors, order and places are those of the client and of the server, as ever. A poll
 * carries no `publish` and no conversation, so these have a WebSocket tried at once, and fail if one has just been tried;
 * and no receipts.
 */
export class PollSocket implements WebSocketLike {
  onopen: WebSocketLike["onopen"] = null;
  onmessage: WebSocketLike["onmessage"] = null;
  onerror: WebSocketLike["onerror"] = null;
  onclose: WebSocketLike["onclose"] = null;
  readonly #options: PollOptions;
  readonly #pace: Pace;
  readonly #askToken: () => Promise<string>;
  /** The places, with the cursors from which the next poll goes on. */
  readonly #places = new Map<string, RoomToRestore>();
  readonly #logins = new Map<string, FrameOf<"loginRoom">>();
  /** Rooms where the client fetches a payload: the next poll must not say that it has it. */
  readonly #fetching = new Set<string>();
  /** Rooms that were left, with the refs to be answered when a poll has said so. */
  readonly #leaves = new Map<string, Ref | undefined>();
  #session: string | undefined;
  #ref: Ref | undefined;
  #errors = 0;
  #isPolling = false;
  /** Something was asked while a poll was under way. */
  #isWanted = false;
  #timer: unknown;
  // By timers, as the computer's clock may be set back.
  readonly #life: unknown;
  readonly #youth: unknown;
  #isYoung = true;
  /** A WebSocket is to be tried, between two polls. */
  #isOld = false;
  #isOver = false;
  readonly #abort = new AbortController();

  constructor(options: PollOptions, askToken: () => Promise<string>) {
    this.#options = options;
    this.#pace = paceOf(options);
    this.#askToken = askToken;
    const after = (ms: number, change: () => void) => options.clock.setTimeout(change, ms);
    this.#youth = after(youthMs, () => {
      this.#isYoung = false;
    });
    this.#life = after(lifeMs * (0.75 + options.random() / 2), () => {
      this.#isOld = true;
    });
    queueMicrotask(() => this.#isOver || this.onopen?.({} as never));
  }

  send(text: string): void {
    const frame: ClientFrame = JSON.parse(text);
    switch (frame.action) {
      case "hello":
        this.#session = frame.session;
        this.#ref = frame.ref;
        for (const room of frame.rooms ?? []) this.#places.set(room.roomId, room);
        this.#pace.goOn(this.#cursors);
        this.#pollIn(0);
        break;
      case "loginRoom":
        this.#logIn(frame);
        break;
      case "leaveRoom":
        this.#leave(frame);
        break;
      case "publish":
        this.#publish(frame);
        break;
      case "replay":
        // What is missing of a room comes with the next poll.
        if (frame.toUser !== undefined) this.#replay(frame);
        break;
      case "ack":
        for (const { roomId, epoch, seq } of frame.rooms) this.#moveOn(roomId, { epoch, seq });
        break;
      case "heartbeat":
        // The page was shown, or its network came back: what came meanwhile may be on the screen at once.
        this.#pollNow();
        this.#tell({ type: "heartbeat", eventName: "heartbeatResp", data: { code: "2008", msg: "alive" } });
        break;
      default:
    }
  }

  close(): void {
    this.#isOver = true;
    for (const timer of [this.#timer, this.#life, this.#youth]) this.#options.clock.clearTimeout(timer);
    this.#abort.abort();
  }

  #tell(frame: ServerFrame): void {
    // A server never answers before `send` has returned.
    queueMicrotask(() => this.#isOver || this.onmessage?.({ data: JSON.stringify(frame) }));
  }

  #end(code: number): void {
    if (this.#isOver) return;
    this.close();
    this.onclose?.({ code, reason: "" });
  }

  #logIn(frame: FrameOf<"loginRoom"> & { ref?: Ref }) {
    const { roomId, ref } = frame;
    const problem = this.#problemOf(roomId);
    if (problem !== undefined) return this.#tell(loginFailed(roomId, `loginRoom: ${problem}`, ref));
    this.#logins.set(roomId, frame);
    this.#leaves.delete(roomId);
    this.#pollNow();
  }

  /** What only this client can know; the rest the server says. */
  #problemOf(roomId: unknown): string | undefined {
    if (typeof roomId !== "string") return `roomId should be a string, got a ${typeof roomId}`;
    // Of these a poll is told without a login, so the server could not tell the one from the other.
    if (roomId.startsWith("@")) return `roomId ${roomId} is reserved: names that start with @ belong to Downlink`;
    // All have to find their places again on the next WebSocket.
    const rooms = new Set([...this.#places.keys(), ...this.#logins.keys()].filter((name) => !name.startsWith("@")));
    if (rooms.has(roomId) || rooms.size < mostRooms) return undefined;
    return `a page may be in ${mostRooms} rooms, leave one of them first`;
  }

  #leave({ roomId, ref }: FrameOf<"leaveRoom"> & { ref?: Ref }) {
    if (!roomIdPattern.test(roomId)) {
      return this.#tell(leaveFailed(roomId, `leaveRoom: roomId ${roomId} can be no room's`, ref));
    }
    this.#places.delete(roomId);
    this.#logins.delete(roomId);
    this.#fetching.delete(roomId);
    this.#leaves.set(roomId, ref);
    this.#pollNow();
  }

  #publish({ clientMessageId, ref }: FrameOf<"publish"> & { ref?: Ref }) {
    if (this.#isYoung) {
      const msg = "publish: no WebSocket opens here now; publish it again later, with the same clientMessageId";
      const data = { code: "2012", msg } as const;
      return this.#tell({ type: "publishFailed", eventName: "publishResp", data, clientMessageId, ref });
    }
    this.#giveWay();
  }

  #replay({ ref }: FrameOf<"replay"> & { ref?: Ref }) {
    if (!this.#isYoung) return this.#giveWay();
    const data = { code: "2014", msg: "replay: no WebSocket opens here now; ask again later" } as const;
    this.#tell({ type: "replayFailed", eventName: "replayResp", data, ref });
  }

  /** Ends, so that a WebSocket is tried. */
  #giveWay(): void {
    this.#isOld = true;
    // Not while a poll is under way: it would take the place of the WebSocket's.
    if (this.#isPolling || this.#isAsked) this.#isWanted = true;
    else queueMicrotask(() => this.#end(1000));
  }

  get #cursors(): string {
    return `${[...this.#places.values()].map(({ roomId, since }) => JSON.stringify([roomId, since])).sort()}`;
  }

  /** Somebody waits for what the next poll is to say. */
  get #isAsked(): boolean {
    return this.#logins.size + this.#leaves.size > 0;
  }

  #pollNow(): void {
    this.#pace.wake();
    this.#pollIn(0);
  }

  #pollIn(ms: number): void {
    // Two polls at a time would take each other's places.
    this.#isWanted = true;
    if (this.#isPolling || this.#isOver) return;
    const { clock } = this.#options;
    clock.clearTimeout(this.#timer);
    const waitMs = Math.max(ms, this.#pace.heldMs);
    if (waitMs > 0) this.#timer = clock.setTimeout(() => this.#start(), waitMs);
    else this.#start();
  }

  #start() {
    if (this.#isOld && !this.#isAsked) {
      this.#end(1000);
      return;
    }
    this.#isPolling = true;
    this.#isWanted = false;
    void this.#poll().then((pauseMs) => {
      this.#isPolling = false;
      if (pauseMs !== undefined) this.#pollIn(this.#isWanted ? 0 : pauseMs);
    });
  }

  /** @returns after how many ms to poll again, `undefined` if that is over */
  async #poll(): Promise<number | undefined> {
    const logins = new Map(this.#logins);
    const answers: Answer[] = [];
    // Only with the first part: the others may log in to rooms that this one leaves.
    let leaves = [...this.#leaves].slice(0, leavesPerPoll);
    for (const rooms of this.#parts()) {
      const asked = { session: this.#session, leave: leaves.map(([roomId]) => roomId), rooms };
      const answer = await askPoll(this.#options, this.#askToken, asked, this.#abort.signal);
      if (this.#isOver) return undefined;
      if ("status" in answer) return this.#fail(answer, rooms, logins, leaves);
      this.#tellLeft(leaves);
      leaves = [];
      this.#take(answer, rooms, logins);
      answers.push(answer);
    }
    this.#errors = 0;
    const pauseMs = this.#pace.pauseAfter(answers, this.#cursors);
    return this.#fetching.size > 0 ? Math.max(pauseMs, payloadPauseMs) : pauseMs;
  }

  /** @returns as `#poll` */
  #fail(
    { status, msg = `the poll was answered ${status}`, retryAfterMs }: Failure,
    rooms: RoomToRestore[],
    logins: Map<string, FrameOf<"loginRoom">>,
    leaves: [string, Ref | undefined][],
  ): number | undefined {
    // The same poll would be refused again, and hold up every room.
    if (status === 400 && this.#refuse(msg, rooms, logins, leaves)) return 0;
    this.#errors += 1;
    this.#pace.fail(retryAfterMs);
    // A new token may heal it, once.
    if (status === 400 || (isRefusal(status) && this.#pace.errors > 1)) {
      this.#tell({ type: "helloFailed", eventName: "connetResp", data: { code: "2009", msg }, ref: this.#ref });
      return undefined;
    }
    if (this.#errors <= mostErrors) return 0;
    this.#end(status);
    return undefined;
  }

  /** Gives the server's words to whoever waits for this poll. @returns whether somebody did */
  #refuse(
    msg: string,
    rooms: RoomToRestore[],
    logins: Map<string, FrameOf<"loginRoom"> & { ref?: Ref }>,
    leaves: [string, Ref | undefined][],
  ): boolean {
    const refused = rooms.flatMap(({ roomId }) => logins.get(roomId) ?? []);
    for (const login of refused) {
      if (this.#logins.get(login.roomId) !== login) continue;
      this.#logins.delete(login.roomId);
      this.#tell(loginFailed(login.roomId, msg, login.ref));
    }
    for (const [roomId, ref] of leaves) {
      if (this.#leaves.get(roomId) !== ref) continue;
      this.#leaves.delete(roomId);
      this.#tell(leaveFailed(roomId, msg, ref));
    }
    return refused.length + leaves.length > 0;
  }

  /** All places and logins, in as many parts as addresses can hold. */
  #parts(): RoomToRestore[][] {
    const rooms = new Map(this.#places);
    // As the page said it: what is wrong in it the server names.
    for (const { action: _, ref: __, ...wish } of this.#logins.values()) rooms.set(wish.roomId, wish);
    const parts: RoomToRestore[][] = [[]];
    for (const room of rooms.values()) {
      const part = parts.at(-1) ?? [];
      const isFull = part.length === roomsPerPoll || encoded([...part, room]).length > roomsChars;
      if (isFull && part.length > 0) parts.push([room]);
      else part.push(room);
    }
    return parts;
  }

  #tellLeft(leaves: [string, Ref | undefined][]): void {
    for (const [roomId, ref] of leaves) {
      if (this.#leaves.get(roomId) !== ref) continue;
      this.#leaves.delete(roomId);
      const data = { code: "2006", msg: `leave room (id:${roomId}) success` } as const;
      this.#tell({ type: "left", eventName: "leaveRoomResp", data, roomId, ref });
    }
    if (this.#leaves.size > 0) this.#isWanted = true;
  }

  #take({ data, session, rooms }: Answer, asked: RoomToRestore[], logins: Map<string, FrameOf<"loginRoom">>): void {
    this.#session = session;
    const places: LoginFrame[] = [];
    for (const room of rooms) {
      const { roomId = "" } = room;
      const login = logins.get(roomId);
      // Left meanwhile; or one of the rooms that everybody is in, which a poll for other rooms answers too.
      const isWanted = login ? this.#logins.get(roomId) === login : this.#concerns(roomId, asked);
      if (!isWanted) continue;
      this.#note(room, roomId, login);
      if (login) this.#tell({ ...room, ref: login.ref });
      else places.push(room);
    }
    this.#tell({ type: "connected", eventName: "connetResp", data, session, rooms: places, ref: this.#ref });
  }

  #concerns(roomId: string, asked: RoomToRestore[]): boolean {
    return this.#places.has(roomId) ? asked.some((room) => room.roomId === roomId) : roomId.startsWith("@");
  }

  /** Where the next poll of the room goes on: what the client is told now it has. */
  #note(room: LoginFrame, roomId: string, login: FrameOf<"loginRoom"> | undefined): void {
    this.#logins.delete(roomId);
    this.#fetching.delete(roomId);
    if (room.type === "loggedIn") {
      const { epoch, seq, upTo = seq, missed = [], generation } = room;
      const type = login ? login.type : this.#places.get(roomId)?.type;
      const { seq: awaited } = missed.find(({ payload }) => payload) ?? {};
      if (awaited !== undefined) this.#fetching.add(roomId);
      const since = { epoch, seq: awaited === undefined ? upTo : awaited - 1 };
      this.#places.set(roomId, { roomId, type, generation, since });
    } else if (!login || room.type === "evicted") this.#places.delete(roomId);
  }

  /** The client has a payload that it was waiting for. */
  #moveOn(roomId: string, { epoch, seq }: Position): void {
    const place = this.#places.get(roomId);
    const since = place?.since;
    if (!place || typeof since !== "object" || since.epoch !== epoch || since.seq >= seq) return;
    this.#places.set(roomId, { ...place, since: { epoch, seq } });
    this.#fetching.delete(roomId);
    this.#pollIn(0);
  }
}

/** The next one would be refused as well. */
const isRefusal = (status: number) => status >= 400 && status < 500 && status !== 408 && status !== 429;

const loginFailed = (roomId: string, msg: string, ref: Ref | undefined): ServerFrame => {
  const data = { code: "2003", msg } as const;
  return { type: "loginFailed", eventName: "loginRoomResp", data, roomId, ref };
};
const leaveFailed = (roomId: string, msg: string, ref: Ref | undefined): ServerFrame => {
  const data = { code: "2007", msg } as const;
  return { type: "leaveFailed", eventName: "leaveRoomResp", data, roomId, ref };
};
