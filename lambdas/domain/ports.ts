import type { ServerFrame } from "../../protocol/frames.ts";

/** Patterns of rooms, from the token; `*` stands for any run of characters. */
export interface Grants {
  /** May log in to. */
  rooms: string[];
  /** May publish to. */
  publish: string[];
}

/** Who sent a frame, as the handshake's authorizer found it. */
export interface Caller {
  connectionId: string;
  connectedAtMs: number;
  subject: string;
  grants: Grants;
  tokenExpiresAtMs: number;
}

export interface Connection extends Caller {
  /** Owns the places in rooms. The connection's id until a `hello` says otherwise. */
  session: string;
  /** Whether the client answers `probe` frames. */
  probe: boolean;
  /** Nonce of the last answered probe. */
  answered?: string;
}

export interface Room {
  roomId: string;
  epoch: string;
  /** Of the newest message; 0 before the first. */
  seq: number;
  generation: number;
  /** How many came in without looking at others; a `claim` fails if it moved. */
  entries: number;
  holder?: Holder;
}

/** Who entered last by a policy that looks at others. It stands for the member row until that is written. */
export interface Holder {
  connectionId: string;
  /** A holder without a member row counts until then: longer than a login can take. */
  untilMs: number;
}

export interface Member {
  session: string;
  connectionId: string;
  connectedAtMs: number;
  subject: string;
  /** That of the room when the member came in; an older one than the room's means evicted. */
  generation: number;
  /** Whether the member came in as the room's holder. */
  holds: boolean;
}

export interface Message {
  roomId: string;
  epoch: string;
  seq: number;
  messageId: string;
  eventName: string;
  /** JSON text exactly as it was pushed. */
  rawData: string;
  atMs: number;
}

/** A row past its `expiresAt` is absent to every reader; all reads by key see every earlier write. */
export interface Connections {
  put(connection: Caller): Promise<void>;
  get(connectionId: string): Promise<Connection | undefined>;
  /** `refused`: the connection already acts under another session. */
  identify(connectionId: string, session: string, probe: boolean): Promise<Connection | "refused" | "gone">;
  /** Notes that the connection is in the room, so that its end can leave it. */
  addRoom(connectionId: string, roomId: string): Promise<"done" | "full" | "gone">;
  removeRoom(connectionId: string, roomId: string): Promise<void>;
  noteAnswer(connectionId: string, nonce: string): Promise<void>;
  /** @returns the removed connection and the rooms it was in. */
  remove(connectionId: string): Promise<{ subject: string; session: string; rooms: string[] } | undefined>;
  pages(): AsyncIterable<Pick<Connection, "connectionId">[]>;
}

export interface Rooms {
  /** Creates the room where there is none. */
  open(roomId: string): Promise<Room>;
  generationAndSeq(roomId: string): Promise<Pick<Room, "generation" | "seq">>;
  /** Counts somebody who came in without looking at others. @returns the room with that entry */
  countEntry(roomId: string): Promise<Room>;
  /** Makes `holder` the room's, unless anybody came in or became holder since `seen`. */
  claim(seen: Room, holder: Holder, generation: number): Promise<"claimed" | "changed">;
  /** Starts a new generation for `holder`. @returns the room as it is now, with its holder of before */
  takeOver(roomId: string, holder: Holder): Promise<Room>;
  /** Hands the holder's claim on to another connection of its session, if it is still the holder. */
  moveHolder(roomId: string, from: string, to: string): Promise<void>;
  release(roomId: string, connectionId: string): Promise<void>;
  nextSeq(roomId: string): Promise<Room>;
}

export interface Members {
  get(roomId: string, session: string): Promise<Member | undefined>;
  /** `superseded`: a newer connection or generation of this session is in already. */
  put(roomId: string, member: Member): Promise<"done" | "superseded">;
  /** Moves a place of `generation` to another connection of its session, if it is still there. */
  move(roomId: string, member: Member): Promise<"done" | "changed">;
  /** Removes the place if it still belongs to that connection. */
  remove(roomId: string, session: string, connectionId: string): Promise<Member | undefined>;
  /** Removes the place if it is of an older generation. */
  evict(roomId: string, session: string, generation: number): Promise<Member | undefined>;
  pages(roomId: string): AsyncIterable<Member[]>;
}

/** The kept messages of all rooms. */
export interface Log {
  append(message: Message): Promise<void>;
}

/**
 * What a post came to. `gone`: the connection has ended, as far as API Gateway knows. `slow`: it takes no more now.
 * `unknown`: no answer or trouble. Not even `sent` means that it arrived.
 */
export type PostOutcome = "sent" | "gone" | "slow" | "unknown";

export interface Gateway {
  /** @param text one frame as JSON */
  post(connectionId: string, text: string): Promise<PostOutcome>;
  isOpen(connectionId: string): Promise<boolean>;
}

export interface Deps {
  connections: Connections;
  rooms: Rooms;
  members: Members;
  gateway: Gateway;
  now(): number;
  wait(ms: number): Promise<void>;
  /** An id that cannot be guessed or met again. */
  newId(): string;
}

export interface PushDeps extends Pick<Deps, "connections" | "rooms" | "members" | "gateway" | "now" | "newId"> {
  log: Log;
}

export const frameText = (frame: ServerFrame) => JSON.stringify(frame);
