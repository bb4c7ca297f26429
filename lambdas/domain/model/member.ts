import type { Position } from "../../../protocol/frames.ts";
import type { Transport } from "./polling.ts";

export interface Member {
  session: string;
  connectionId: string;
  transport: Transport;
  connectedAtMs: number;
  subject: string;
  /** That of the room when the member came in; an older one than the room's means evicted. */
  generation: number;
  /** Whether the member came in as the room's holder. */
  holdsLease: boolean;
  /** The member has everything up to here. Absent: it does not ack, nobody waits for it. */
  cursor?: Position;
  /** Up to here it was asked for nothing: who came in behind a message has not acked it. */
  startSeq?: number;
  /** By the member's own word it has what the cursor says; before its first ack that is only where it began. */
  hasAcked: boolean;
  /** The member acks; of everyone's room that is known a moment before its cursor is. */
  acks: boolean;
  /** How often what is behind the cursor was sent again, and when last. */
  redeliveries: number;
  redeliveredAtMs: number;
  /** Up to here it was sent often enough: what is newer has its own tries. */
  exhaustedSeq: number;
  /** A member that polls has its place until then, and no connection. */
  leaseExpiresAtMs?: number;
  /** When the login was asked for that wrote the place; what was asked before that does not end it. */
  requestedAtMs?: number;
}

/** A place as it is taken: nothing was sent again yet. */
export type NewMember = Omit<
  Member,
  "transport" | "acks" | "hasAcked" | "redeliveries" | "redeliveredAtMs" | "exhaustedSeq"
>;

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
  /** Removes the place if it still belongs to that connection, and to a login that was asked for before `requestedAtMs`. */
  remove(roomId: string, session: string, connectionId: string, requestedAtMs?: number): Promise<Member | undefined>;
  /** Removes the place if it is of an older generation. */
  evict(roomId: string, session: string, generation: number): Promise<Member | undefined>;
  /** Moves the cursor forward. @returns where it was; `refused`: no such place, or it is there already */
  ack(roomId: string, session: string, connectionId: string, cursor: Position): Promise<number | "refused">;
  /** Sets the cursor wherever it was: by the member's word, or with `startSeq` where it begins, with nothing acked yet. */
  setCursor(roomId: string, session: string, connectionId: string, cursor: Position, startSeq?: number): Promise<void>;
  /** Counts a redelivery, unless the cursor moved meanwhile. */
  recordRedelivery(roomId: string, member: Member): Promise<void>;
  /**
   * All if they are at most so many; else about as many, and which share of the room that is, as far as one can know.
   *
   * @returns `share` is 1 if nobody is missing
   */
  first(roomId: string, max: number, whom?: MemberFilter): Promise<{ members: Member[]; share?: number }>;
  /** All of them, or a part of them, from behind the session `after` on. */
  pages(roomId: string, part?: Part, after?: string, whom?: MemberFilter): AsyncIterable<Member[]>;
}

/** `lapsed`: also places of pollers whose lease ended within the last hour, who are absent to everybody else. */
export type MemberFilter = "current" | "includingExpired";

/** One of `of` parts of a room's members; each session is in the same one at any time. */
export interface Part {
  /** From 0. */
  index: number;
  of: number;
}

/** Whether the place counts: an eviction makes those of older generations void. */
export const isCurrent = (member: Pick<Member, "generation">, room: { generation: number }) =>
  member.generation >= room.generation;

/** All parts of a room that is divided into so many. */
export const partsOf = (of: number): Part[] => Array.from({ length: of }, (_, index) => ({ index, of }));
