import type { Position } from "../../protocol/frames.ts";
import type { Debts } from "./debt.ts";
import type { PayloadRef, Payloads } from "./payload.ts";

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
  /** When the frame came in, by API Gateway's clock: frames that are handled side by side were sent in this order. */
  askedAtMs?: number;
}

export interface Connection extends Caller {
  /** Owns the places in rooms. The connection's id until a `hello` says otherwise. */
  session: string;
  /** Whether the client answers `probe` frames. */
  probe: boolean;
  /** Whether the client acks, and wants again what it did not ack. */
  acks: boolean;
  /** Nonce of the last answered probe. */
  answered?: string;
}

/** `seq` is that of the newest message, 0 before the first. */
export interface Room extends Position {
  roomId: string;
  generation: number;
  /** How many came in without looking at others; a `claim` fails if it moved. */
  entries: number;
  holder?: Holder;
  /** When the room's counters began; nothing of it can have left the log before. */
  openedAtMs: number;
  /** When the newest `seq` was taken. */
  lastAtMs: number;
  /** A look at the cursors is under way for then. */
  lookAtMs: number;
}

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
  /** The member has everything up to here. Absent: it does not ack, nobody waits for it. */
  cursor?: Position;
  /** Up to here it was asked for nothing: who came in behind a message has not acked it. */
  beganSeq?: number;
  /** By the member's own word it has what the cursor says; before its first ack that is only where it began. */
  hasAcked: boolean;
  /** The member acks; of everyone's room that is known a moment before its cursor is. */
  acks: boolean;
  /** How often what is behind the cursor was sent again, and when last. */
  tries: number;
  triedAtMs: number;
  /** Up to here it was sent often enough: what is newer has its own tries. */
  givenUpSeq: number;
  /** A member that polls has its place until then, and no connection. */
  leaseUntilMs?: number;
  /** When the login was asked for that wrote the place; what was asked before that does not end it. */
  askedAtMs?: number;
}
/** A place as it is taken: nothing was sent again yet. */
export type NewMember = Omit<Member, "acks" | "hasAcked" | "tries" | "triedAtMs" | "givenUpSeq">;

export interface Message extends Position {
  roomId: string;
  messageId: string;
  eventName: string;
  /** JSON text exactly as it was pushed, unless it is kept apart. */
  rawData?: string;
  /** Where it is kept that no frame could carry. */
  payload?: PayloadRef;
  atMs: number;
  /** Nobody wants it after that. */
  untilMs?: number;
  from?: string;
  conversation?: string;
  /** Subjects that do not get it. */
  exclude?: string[];
  /** Subject that wants to hear of each delivery. */
  receiptTo?: string;
}

/** One number of a room's log: a message, or nothing for ever. */
export type LogEntry = { seq: number; atMs: number; message?: Message };

/** A row past its `expiresAt` is absent to every reader; all reads by key see every earlier write. */
export interface Connections {
  put(connection: Caller): Promise<void>;
  get(connectionId: string): Promise<Connection | undefined>;
  /** `refused`: the connection already acts under another session. */
  identify(
    connectionId: string,
    as: Pick<Connection, "probe" | "acks"> & {
      /** The one that the client shows. */
      session: string | undefined;
      /** For a client that shows none and has not been given one on this connection. */
      newSession: string;
    },
  ): Promise<Connection | "refused" | "gone">;
  /** Notes that the connection is in the room, so that its end can leave it. */
  addRoom(connectionId: string, roomId: string): Promise<"done" | "full" | "gone">;
  removeRoom(connectionId: string, roomId: string): Promise<void>;
  noteAnswer(connectionId: string, nonce: string): Promise<void>;
  /** @returns the removed connection, the rooms it was in and where it stopped in that of everyone. */
  remove(connectionId: string): Promise<EndedConnection | undefined>;
}

export interface EndedConnection {
  subject: string;
  session: string;
  rooms: string[];
  stop?: Stop;
}

export interface Rooms {
  get(roomId: string): Promise<Room | undefined>;
  /** Creates the room where there is none. */
  open(roomId: string): Promise<Room>;
  /** The same for a room that will be there: reads, and writes only where there is none or nobody renewed it for a day. */
  find(roomId: string): Promise<Room>;
  /** Counts somebody who came in without looking at others. @returns the room with that entry */
  countEntry(roomId: string): Promise<Room>;
  /** Makes `holder` the room's, unless anybody came in or became holder since `seen`. */
  claim(seen: Room, holder: Holder, generation: number): Promise<Room | "changed">;
  /** Starts a new generation for `holder`. @returns the room as it is now, with its holder of before */
  takeOver(roomId: string, holder: Holder): Promise<Room>;
  /** Hands the holder's claim on to another connection of its session, if it is still the holder. */
  moveHolder(roomId: string, from: string, to: string): Promise<void>;
  release(roomId: string, connectionId: string): Promise<void>;
  nextSeq(roomId: string): Promise<Room>;
  /** Notes that a look at the cursors is under way for `atMs`. */
  noteLook(roomId: string, atMs: number): Promise<void>;
}

/** Rooms as this execution environment read them within the last second. */
export interface RecentRooms {
  get(roomId: string, nowMs: number): Room | undefined;
  /** @param readAtMs a moment before it was read */
  note(room: Room, readAtMs: number): void;
}

/** The place in the room of everyone is the connection itself, under its id. */
export interface Members {
  get(roomId: string, session: string): Promise<Member | undefined>;
  /**
   * `superseded`: a newer connection or generation of this session is in already.
   * @param current for a place that begins anew: superseded also by one of the session of that generation or a newer one
   */
  put(roomId: string, member: NewMember, current?: number): Promise<"done" | "superseded">;
  /** Moves a place of `generation` to another connection of its session, if it is still there. */
  move(roomId: string, member: NewMember): Promise<"done" | "changed">;
  /** Removes the place if it still belongs to that connection, and to a login that was asked for before `askedAtMs`. */
  remove(roomId: string, session: string, connectionId: string, askedAtMs?: number): Promise<Member | undefined>;
  /** Removes the place if it is of an older generation. */
  evict(roomId: string, session: string, generation: number): Promise<Member | undefined>;
  /** Moves the cursor forward. @returns where it was; `refused`: no such place, or it is there already */
  ack(roomId: string, session: string, connectionId: string, cursor: Position): Promise<number | "refused">;
  /** Sets the cursor wherever it was: by the member's word, or with `beganSeq` where it begins, with nothing acked yet. */
  setCursor(roomId: string, session: string, connectionId: string, cursor: Position, beganSeq?: number): Promise<void>;
  /** Counts a redelivery, unless the cursor moved meanwhile. */
  noteTry(roomId: string, member: Member): Promise<void>;
  /**
   * All if they are at most so many; else about as many, and which share of the room that is, as far as one can know.
   *
   * @returns `share` is 1 if nobody is missing
   */
  first(roomId: string, most: number, whom?: Whom): Promise<{ members: Member[]; share?: number }>;
  /** All of them, or a part of them, from behind the session `after` on. */
  pages(roomId: string, part?: Part, after?: string, whom?: Whom): AsyncIterable<Member[]>;
}

/** `lapsed`: also places of pollers whose lease ended within the last hour, who are absent to everybody else. */
export type Whom = "members" | "lapsed";

/** One of `of` parts of a room's members; each session is in the same one at any time. */
export interface Part {
  /** From 0. */
  index: number;
  of: number;
}

/** Where subjects stopped, for those who come back on another device. */
export interface Cursors {
  get(roomId: string, subject: string): Promise<Stop | undefined>;
  /** Keeps the newer of the kept one and this; one that was not acked only where there is no other. */
  keep(roomId: string, subject: string, stop: Stop): Promise<void>;
}

/** Where somebody stopped. One who came in at the newest message and acked nothing says nothing about those before. */
export interface Stop extends Position {
  hasAcked: boolean;
  /** Up to here it was asked for nothing. */
  beganSeq?: number;
}

/** The kept messages of all rooms. */
export interface Log {
  /** `there`: this very message is kept already. `void`: its number was given up, it needs a new one. */
  append(message: Message): Promise<"done" | "there" | "void">;
  /** Gives a number up for ever. `taken`: a message has it. */
  giveUp(roomId: string, at: Position & { atMs: number }): Promise<"done" | "taken">;
  get(roomId: string, at: Position): Promise<LogEntry | undefined>;
  /** Those of the room's epoch, in order or `backwards`, both ends included, as far as they are kept. */
  pages(room: Pick<Room, "roomId" | "epoch">, from: number, to: number, backwards?: boolean): AsyncIterable<LogEntry[]>;
  retentionMs: number;
}

/** What is known of one message in one room. */
export interface PushRecord extends Partial<Position> {
  roomId: string;
  atMs: number;
  /** Delivery has come to its end at least once, or the queue has taken it over. */
  done: boolean;
  /** What the push's id stands for; in the record of its first room only. */
  digest?: string;
  outcomes?: Outcomes;
  /** So many tasks were ordered for members who are tried again. */
  handedBack?: number;
  /** Subjects that did not get it. */
  exclude?: string[];
  /** The subject that sent it. */
  from?: string;
  /** Into how many parts the room was divided, if it was too large to be posted to at once. */
  parts?: number;
  /** What became of the parts, and of what was tried again. */
  tasks?: KnownTask[];
}
/** A task that somebody has begun; otherwise than one of a part, one of members who are tried again was not planned. */
export type KnownTask = TaskNote & { ofPart: boolean };
export type Outcomes = Record<Exclude<PostOutcome, "tooLarge"> | "members" | "waiting", number>;

/** The books on pushes, kept for a day. */
export interface Pushes {
  /** Enters a push that may come twice. @returns what the first of them entered, if this is not it */
  begin(messageId: string, record: PushRecord): Promise<PushRecord | undefined>;
  /** A short word for what a text says. */
  digestOf(text: string): string;
  /** Takes back what `begin` entered. */
  forget(messageId: string, record: PushRecord): Promise<void>;
  /** Gives a push another number, if it still has `seq`. */
  renumber(messageId: string, record: PushRecord, seq: number): Promise<void>;
  finish(messageId: string, record: PushRecord): Promise<void>;
  /** Notes into how many parts the room is divided. @returns the number that was noted first */
  divide(messageId: string, record: PushRecord, parts: number): Promise<number>;
  get(messageId: string): Promise<PushRecord[]>;
}

/** A message as it is posted to the members of a room. */
export interface Parcel {
  roomId: string;
  messageId: string;
  /** The frame as JSON. */
  text: string;
  /** The message, if its data are kept apart: the frame holds an address that expires, and is made anew from this. */
  apart?: Omit<Message, "epoch" | "seq"> & Partial<Message>;
  /** Where it is in the room's log; absent at `qos` 0. */
  epoch?: string;
  seq?: number;
  /** Within how long those who get it are to ack. */
  ackWithinMs?: number;
  /** Nobody wants it after that. */
  untilMs?: number;
  /** Who does not get it, and the frame that they get in its place so that they do not wait for its number. */
  except?: { subjects: string[]; text?: string };
}

/** One item of the fan-out queue: a message on its way to a part of a large room, or once more to a few. */
export interface FanOutTask extends Parcel {
  /** Names it among those of its message and room: what is ordered twice under one name is done once. */
  taskId: string;
  to: Part | { sessions: string[] };
  /** How often the rest was handed on, or the sessions were tried. */
  round: number;
}

/** How fast the fan-out queue is worked on. */
export interface FanOutLimits {
  /** Of all fan-out workers together. */
  postsPerSecond: number;
  /** At most so many tasks at once. */
  workers: number;
}

/** Puts tasks into the fan-out queue. */
export type OrderTasks = (tasks: readonly FanOutTask[], afterMs?: number) => Promise<void>;

/** What the books say of a task. */
export interface TaskNote {
  /** The session up to which all are done. */
  after?: string;
  outcomes: Outcomes;
  /** So many tasks were ordered for members who are tried again. */
  handedBack?: number;
  /** When all was done. */
  doneAtMs?: number;
  /** Somebody works at it until then. */
  untilMs?: number;
}

/** The books on tasks, kept for a day. Who works at a task has it alone, for so long as it said. */
export interface Tasks {
  /** `done`: there is nothing left to do. `taken`: somebody else works at it. */
  take(task: FanOutTask, worker: string, untilMs: number): Promise<TaskNote | "done" | "taken">;
  /** `lost`: the time was over, and somebody else may work at it. */
  note(task: FanOutTask, worker: string, note: TaskNote): Promise<"noted" | "lost">;
}

/** Orders a look at a room's cursors; `round` counts the looks that ordered the next one. */
export type ScheduleLook = (look: Look, afterMs: number) => Promise<void>;
export interface Look {
  roomId: string;
  round: number;
  /** Only at these of the members. */
  part?: Part;
  /** The look before had no time for those behind that session; of the others, somebody waits for a look at `nextAtMs`. */
  rest?: { after?: string; nextAtMs?: number };
  /** Instead of looking: somebody who was put out by this generation may not have heard of it. */
  evicted?: Pick<Member, "session" | "connectionId" | "generation">;
  /** Instead of looking: a person came back at the newest message, and these may have come to no device of theirs. */
  skipped?: { epoch: string; after: number; upTo: number };
}

/** Tells the team's backend that a message was not acked after the last try. */
export type ReportUndelivered = (undelivered: Undelivered[]) => Promise<void>;
export interface Undelivered extends Position {
  messageId: string;
  roomId: string;
  subject: string;
  eventName: string;
  atMs: number;
}

/**
 * What one attempt to post came to. `gone`: the connection has ended, as far as API Gateway knows. `slow`: it takes no
 * more now. `failed`: trouble on the way, it did not arrive. `unknown`: no answer in time, it may have arrived. `tooLarge`:
 * no connection will ever take it. Not even `sent` means that it arrived.
 */
export type PostOutcome = "sent" | "gone" | "slow" | "failed" | "unknown" | "tooLarge";

export interface Gateway {
  /**
   * One attempt; what is worth another is decided in post.ts.
   *
   * @param text one frame as JSON
   */
  post(connectionId: string, text: string): Promise<PostOutcome>;
  isOpen(connectionId: string): Promise<boolean>;
}

export interface Deps {
  connections: Connections;
  rooms: Rooms;
  members: Members;
  cursors: Cursors;
  debts: Debts;
  log: Log;
  payloads: Payloads;
  pushes: Pushes;
  tasks: Tasks;
  gateway: Gateway;
  orderTasks: OrderTasks;
  fanOut: FanOutLimits;
  scheduleLook: ScheduleLook;
  /** How long a message waits for its ack before it is sent again. */
  redeliverAfterMs: number;
  /** What acks of the last second saw of their rooms. */
  recentRooms: RecentRooms;
  /** Logs what went wrong behind an answer that is right all the same. */
  noteTrouble(what: string, error: unknown): void;
  now(): number;
  wait(ms: number): Promise<void>;
  /** From 0 to below 1. */
  random(): number;
  /** An id that cannot be guessed or met again. */
  newId(): string;
}
