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
import { encoded, type PollRequest, type PollResponse } from "./request.ts";

/** API Gateway accepts 10,240 bytes of request line and headers together, the token included. */
const maxRoomsChars = 5_000;
/** Percent-encoding may triple the length of a room id. */
const maxLeaves = 5;
const maxRoomsPerPoll: (typeof limits)["roomsPerHello"] = 50;
const maxRooms: (typeof limits)["roomsPerConnection"] = 100;
/** A copy of the pattern in protocol/ids.ts, so that pages do not load the rest of that file. */
const roomIdPattern = /^[\w\-=,.;:][\w\-=,.;:@]{0,127}$/;

type Login = FrameOf<"loginRoom"> & { ref?: Ref };
type Leave = FrameOf<"leaveRoom"> & { ref?: Ref };

/** `here` answers a probe, and polls bring none. */
type PolledFrame = Exclude<ClientFrame, { action: "here" }>;

/** One HTTP request of a poll, with the pending logins and leaves that its response settles. */
export interface PlannedRequest extends PollRequest {
  logins: Login[];
  leaves: Leave[];
}

/**
 * What the socket has to do after a frame of the client:
 *
 * - `resume`: start to poll
 * - `poll`: poll as soon as the backoff permits
 * - `wake`: the same, and end the idle time
 * - `openWebSocket`: polls cannot carry the frame
 */
export type Step = "resume" | "poll" | "wake" | "openWebSocket";

interface PollPlan {
  /** The positions in all rooms, as a text to compare. */
  readonly positions: string;
  /** The next poll settles a pending login or leave. */
  readonly isAwaited: boolean;
  /** A payload is being fetched. Until then each poll brings its message again. */
  readonly isFetching: boolean;
  /**
   * Handles a frame of the client.
   *
   * @param isTooEarly whether a WebSocket has just failed to open, so that another attempt would be too early
   * @returns what the socket has to do, `undefined` for nothing
   */
  handle(frame: PolledFrame, isTooEarly: boolean): Step | undefined;
  /** The requests of one poll: as many as the limit of a URL requires. */
  requests(): Generator<PlannedRequest>;
  /** Handles the response to a request. @returns whether rooms are left over for the next poll to leave */
  accept(request: PlannedRequest, response: PollResponse): boolean;
  /** Fails the logins and leaves of a request. */
  refuse(request: PlannedRequest, msg: string): void;
  /** Reports that the server refuses to restore anything. */
  failHello(msg: string): void;
}

/**
 * Decides what polls contain and which frames the client receives. Keeps the memberships with their positions, and the
 * pending logins and leaves. Without I/O or time.
 *
 * @param reply receives the frames for the client
 */
export function makePollPlan(reply: (frame: ServerFrame) => void): PollPlan {
  /** Memberships by room, with the positions after which the next poll continues. */
  const memberships = new Map<string, RoomToRestore>();
  /** The latest login or leave of each room, until a response settles it. */
  const pending = new Map<string, Login | Leave>();
  /** Rooms whose next message has a payload that is being fetched. Until then no poll may ack the message. */
  const fetching = new Set<string>();
  let session: string | undefined;
  let helloRef: Ref | undefined;

  const pendingLogins = () => [...pending.values()].filter((frame) => frame.action === "loginRoom");
  const pendingLeaves = () => [...pending.values()].filter((frame) => frame.action === "leaveRoom");

  /** Ends a login or leave. @returns `false` if a later one of that room has replaced it */
  const settle = (frame: Login | Leave) => pending.get(frame.roomId) === frame && pending.delete(frame.roomId);

  function fail({ action, roomId, ref }: Login | Leave, msg: string): undefined {
    if (action === "loginRoom") {
      reply({ type: "loginFailed", eventName: "loginRoomResp", data: { code: "2003", msg }, roomId, ref });
    } else reply({ type: "leaveFailed", eventName: "leaveRoomResp", data: { code: "2007", msg }, roomId, ref });
  }

  /** The problems that a server cannot see in a poll. It reports all others. */
  function loginProblem(roomId: unknown): string | undefined {
    if (typeof roomId !== "string") return `roomId should be a string, got a ${typeof roomId}`;
    // Every response contains @all and @user.
    if (isReserved(roomId)) return `roomId ${roomId} is reserved: names that start with @ belong to Downlink`;
    // The next WebSocket has to restore all of them.
    const rooms = new Set([...memberships.keys(), ...pendingLogins().map((login) => login.roomId)]);
    const names = [...rooms].filter((name) => !isReserved(name));
    if (rooms.has(roomId) || names.length < maxRooms) return undefined;
    return `a page may be in ${maxRooms} rooms, leave one of them first`;
  }

  function logIn(frame: Login): Step | undefined {
    const { roomId } = frame;
    const problem = loginProblem(roomId);
    if (problem) return fail(frame, `loginRoom: ${problem}`);
    pending.set(roomId, frame);
    return "wake";
  }

  function leave(frame: Leave): Step | undefined {
    const { roomId } = frame;
    if (!roomIdPattern.test(roomId)) return fail(frame, `leaveRoom: ${roomId} is not a valid roomId`);
    memberships.delete(roomId);
    fetching.delete(roomId);
    pending.set(roomId, frame);
    return "wake";
  }

  /** Stores a room of a response. The next poll continues after its messages, as the client receives them now. */
  function update(room: LoginFrame, roomId: string, login: Login | undefined): void {
    fetching.delete(roomId);
    if (room.type === "loggedIn") {
      const { epoch, seq, upTo = seq, missed = [], generation } = room;
      const type = login ? login.type : memberships.get(roomId)?.type;
      const { seq: awaited } = missed.find(({ payload }) => payload) ?? {};
      if (awaited !== undefined) fetching.add(roomId);
      const since = { epoch, seq: awaited === undefined ? upTo : awaited - 1 };
      memberships.set(roomId, { roomId, type, generation, since });
    } else if (!login || room.type === "evicted") memberships.delete(roomId);
  }

  /** The client acks a payload that it fetched. @returns whether the position has changed */
  function moveTo({ roomId, epoch, seq }: { roomId: string } & Position): boolean {
    const membership = memberships.get(roomId);
    const since = membership?.since;
    if (!membership || typeof since !== "object" || since.epoch !== epoch || since.seq >= seq) return false;
    memberships.set(roomId, { ...membership, since: { epoch, seq } });
    fetching.delete(roomId);
    return true;
  }

  return {
    get positions() {
      return `${[...memberships.values()].map(({ roomId, since }) => JSON.stringify([roomId, since])).sort()}`;
    },
    get isAwaited() {
      return pending.size > 0;
    },
    get isFetching() {
      return fetching.size > 0;
    },
    handle(frame, isTooEarly) {
      const { ref } = frame;
      switch (frame.action) {
        case "hello":
          session = frame.session;
          helloRef = ref;
          for (const room of frame.rooms ?? []) memberships.set(room.roomId, room);
          return "resume";
        case "loginRoom":
          return logIn(frame);
        case "leaveRoom":
          return leave(frame);
        case "publish": {
          if (!isTooEarly) return "openWebSocket";
          const { clientMessageId } = frame;
          const msg = "publish: no WebSocket can be opened; publish again later, with the same clientMessageId";
          const data = { code: "2012", msg } as const;
          reply({ type: "publishFailed", eventName: "publishResp", data, clientMessageId, ref });
          return undefined;
        }
        case "replay": {
          // The next poll brings what is missing in a room. Only conversations need a replay.
          if (frame.toUser === undefined) return undefined;
          if (!isTooEarly) return "openWebSocket";
          const data = { code: "2014", msg: "replay: no WebSocket can be opened; try again later" } as const;
          reply({ type: "replayFailed", eventName: "replayResp", data, ref });
          return undefined;
        }
        case "ack":
          return frame.rooms.filter(moveTo).length > 0 ? "poll" : undefined;
        case "heartbeat":
          // The page became visible, or its network came back: show its messages soon.
          reply({ type: "heartbeat", eventName: "heartbeatResp", data: { code: "2008", msg: "alive" } });
          return "wake";
        default:
          frame satisfies never;
          return undefined;
      }
    },
    *requests() {
      // With the first request only: a later one would leave the rooms again.
      const leaves = pendingLeaves().slice(0, maxLeaves);
      const logins = pendingLogins();
      const all = new Map(memberships);
      // Unchanged, so that the server reports what is invalid.
      for (const { action: _, ref: __, ...room } of logins) all.set(room.roomId, room);
      let part: RoomToRestore[] = [];
      const parts = [part];
      for (const room of all.values()) {
        const isFull = part.length === maxRoomsPerPoll || encoded([...part, room]).length > maxRoomsChars;
        if (isFull && part.length > 0) {
          part = [];
          parts.push(part);
        }
        part.push(room);
      }
      for (const rooms of parts) {
        // The response to the first request may have brought the session.
        yield { session, rooms, leaves: leaves.splice(0), logins: logins.filter((login) => isIn(rooms, login)) };
      }
    },
    accept(request, { data, rooms, ...response }) {
      session = response.session;
      for (const { roomId, ref } of request.leaves.filter(settle)) {
        const left = { code: "2006", msg: `leave room (id:${roomId}) success` } as const;
        reply({ type: "left", eventName: "leaveRoomResp", data: left, roomId, ref });
      }
      const restored: LoginFrame[] = [];
      for (const room of rooms) {
        const { roomId = "" } = room;
        const login = request.logins.find((other) => other.roomId === roomId);
        const isAsked = memberships.has(roomId) ? isIn(request.rooms, { roomId }) : isReserved(roomId);
        // Otherwise the page left meanwhile, or the response repeats @all and @user of another request.
        if (!(login ? settle(login) : isAsked)) continue;
        update(room, roomId, login);
        if (login) reply({ ...room, ref: login.ref });
        else restored.push(room);
      }
      reply({ type: "connected", eventName: "connetResp", data, session, rooms: restored, ref: helloRef });
      return pendingLeaves().length > 0;
    },
    refuse({ logins, leaves }, msg) {
      for (const frame of [...logins, ...leaves].filter(settle)) fail(frame, msg);
    },
    failHello(msg) {
      reply({ type: "helloFailed", eventName: "connetResp", data: { code: "2009", msg }, ref: helloRef });
    },
  };
}

const isReserved = (roomId: string) => roomId.startsWith("@");

const isIn = (rooms: readonly RoomToRestore[], { roomId }: { roomId: string }) =>
  rooms.some((room) => room.roomId === roomId);
