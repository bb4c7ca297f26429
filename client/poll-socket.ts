import type {
  ClientFrame,
  FrameOf,
  LoginFrame,
  Position,
  Ref,
  RoomToRestore,
  ServerFrame,
} from "../protocol/frames.ts";
import type { ResolvedOptions, WebSocketLike } from "./options.ts";

/** What `GET /poll` answers. */
interface Answer {
  data: Extract<ServerFrame, { type: "connected" }>["data"];
  session: string;
  rooms: LoginFrame[];
  retryAfterMs: number;
}
type Options = Pick<ResolvedOptions, "pollUrl" | "fetch" | "clock" | "random" | "requestTimeoutMs">;

/** After about so long it closes, so that a WebSocket is tried again. */
const lifeMs = 60_000;
/** API Gateway takes 10,240 bytes of request line and headers together, and the token is among them. */
const roomsChars = 5_000;
/** Names of rooms may take three times their length in an address. */
const leavesPerPoll = 5;
const mostErrors = 3;
const maxPauseMs = 15_000;
/** While a payload is fetched each poll brings the same again, with a new address. */
const payloadPauseMs = 3_000;

/**
 * What a page has where no WebSocket gets through: it looks like one, takes the frames of a client and gives those of a
 * server, but asks `GET /poll`. Cursors, order and places are those of the client and of the server, as ever. What
 * polls cannot carry (`publish`, receipts) waits for the next WebSocket.
 */
export class PollSocket implements WebSocketLike {
  onopen: WebSocketLike["onopen"] = null;
  onmessage: WebSocketLike["onmessage"] = null;
  onerror: WebSocketLike["onerror"] = null;
  onclose: WebSocketLike["onclose"] = null;
  readonly #options: Options;
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
  readonly #life: unknown;
  /** It has lived long enough. By a timer, as the computer's clock may be set back. */
  #isOld = false;
  #isOver = false;
  readonly #abort = new AbortController();

  constructor(options: Options, askToken: () => Promise<string>) {
    this.#options = options;
    this.#askToken = askToken;
    const grow = () => {
      this.#isOld = true;
    };
    this.#life = options.clock.setTimeout(grow, lifeMs * (0.75 + options.random() / 2));
    queueMicrotask(() => this.#isOver || this.onopen?.({} as never));
  }

  send(text: string): void {
    const frame: ClientFrame = JSON.parse(text);
    switch (frame.action) {
      case "hello":
        this.#session = frame.session;
        this.#ref = frame.ref;
        for (const room of frame.rooms ?? []) this.#places.set(room.roomId, room);
        this.#pollIn(0);
        break;
      case "loginRoom":
        this.#logins.set(frame.roomId, frame);
        this.#leaves.delete(frame.roomId);
        this.#pollIn(0);
        break;
      case "leaveRoom":
        this.#places.delete(frame.roomId);
        this.#logins.delete(frame.roomId);
        this.#fetching.delete(frame.roomId);
        this.#leaves.set(frame.roomId, frame.ref);
        this.#pollIn(0);
        break;
      case "ack":
        for (const { roomId, epoch, seq } of frame.rooms) this.#moveOn(roomId, { epoch, seq });
        break;
      case "heartbeat":
        this.#tell({ type: "heartbeat", eventName: "heartbeatResp", data: { code: "2008", msg: "alive" } });
        break;
      default:
    }
  }

  close(): void {
    this.#isOver = true;
    for (const timer of [this.#timer, this.#life]) this.#options.clock.clearTimeout(timer);
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

  #pollIn(ms: number): void {
    // Two polls at a time would take each other's places.
    this.#isWanted = true;
    if (this.#isPolling || this.#isOver) return;
    const { clock } = this.#options;
    clock.clearTimeout(this.#timer);
    const start = () => {
      this.#isPolling = true;
      this.#isWanted = false;
      void this.#poll().then((pauseMs) => {
        this.#isPolling = false;
        if (pauseMs !== undefined) this.#pollIn(this.#isWanted && this.#errors === 0 ? 0 : pauseMs);
      });
    };
    if (ms > 0) this.#timer = clock.setTimeout(start, ms);
    else start();
  }

  /** @returns after how many ms to poll again, `undefined` if that is over */
  async #poll(): Promise<number | undefined> {
    const { random } = this.#options;
    const logins = new Map(this.#logins);
    let pauseMs = maxPauseMs;
    try {
      // Only with the first part: the others may log in to rooms that this one leaves.
      let leaves = [...this.#leaves].slice(0, leavesPerPoll);
      for (const rooms of this.#parts()) {
        const left = leaves.map(([roomId]) => roomId);
        const answer = await this.#ask(rooms, left);
        if (this.#isOver) return undefined;
        if (typeof answer === "number") throw answer;
        this.#tellLeft(leaves);
        leaves = [];
        this.#take(answer, rooms, logins);
        pauseMs = Math.min(pauseMs, Math.max(0, answer.retryAfterMs));
      }
      this.#errors = 0;
    } catch (error) {
      this.#errors += 1;
      if (this.#errors > mostErrors) {
        this.#end(typeof error === "number" ? error : 0);
        return undefined;
      }
      return Math.min(maxPauseMs, 1_000 * 2 ** this.#errors * (0.5 + random() / 2));
    }
    if (this.#isOld) {
      this.#end(1000);
      return undefined;
    }
    return this.#fetching.size > 0 ? Math.max(pauseMs, payloadPauseMs) : pauseMs;
  }

  /** All places and logins, in as many parts as addresses can hold. */
  #parts(): RoomToRestore[][] {
    const rooms = new Map(this.#places);
    for (const [roomId, { type, since, history }] of this.#logins) rooms.set(roomId, { roomId, type, since, history });
    const parts: RoomToRestore[][] = [[]];
    for (const room of rooms.values()) {
      const part = parts.at(-1) ?? [];
      if (encoded([...part, room]).length > roomsChars && part.length > 0) parts.push([room]);
      else part.push(room);
    }
    return parts;
  }

  /** @returns the answer, or the HTTP status that came instead */
  async #ask(rooms: RoomToRestore[], leave: string[]): Promise<Answer | number> {
    const { pollUrl, fetch, clock, requestTimeoutMs } = this.#options;
    const session = this.#session === undefined ? "" : `session=${encodeURIComponent(this.#session)}&`;
    const limit = new AbortController();
    const stop = () => limit.abort();
    const timer = clock.setTimeout(stop, requestTimeoutMs);
    this.#abort.signal.addEventListener("abort", stop);
    try {
      // The page may take long for its token, or for ever.
      const token = await Promise.race([this.#askToken(), endOf(limit.signal)]);
      const headers = { Authorization: `Bearer ${token}` };
      const left = leave.length > 0 ? `leave=${encoded(leave)}&` : "";
      const url = `${pollUrl}?${session}${left}rooms=${encoded(rooms)}`;
      const response = await fetch(url, { headers, signal: limit.signal });
      return response.status === 200 ? ((await response.json()) as Answer) : response.status;
    } finally {
      clock.clearTimeout(timer);
      this.#abort.signal.removeEventListener("abort", stop);
    }
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

const endOf = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

const encoded = (rooms: readonly unknown[]) => encodeURIComponent(JSON.stringify(rooms));
