import type { Position } from "../../../protocol/frames.ts";
import type { Transport } from "./polling.ts";

export interface Member {
  session: string;
  connectionId: string;
  transport: Transport;
  connectedAtMs: number;
  subject: string;
  /** The room's generation at the login. A member of an older generation than the room's is evicted. */
  generation: number;
  /** Whether the member logged in with the room's lease. */
  holdsLease: boolean;
  /** The position up to which the member has acked everything, at first its start position. Absent if it does not ack. */
  cursor?: Position;
  /** The start position: the member did not request messages up to here, and its cursor does not prove their arrival. */
  startSeq?: number;
  /** Whether the cursor comes from an ack. Before the first ack it is the start position. */
  hasAcked: boolean;
  /** Whether the member acks. In the room of everyone this is known before the cursor is. */
  acks: boolean;
  /** How often the messages after the cursor were redelivered, and when last. */
  redeliveries: number;
  redeliveredAtMs: number;
  /** Redeliveries are exhausted up to this number. Newer messages have their own redeliveries. */
  exhaustedSeq: number;
  /** When the lease of a polling member expires. Absent for a member with a connection. */
  leaseExpiresAtMs?: number;
  /** When the login that wrote the membership was requested. An earlier `leaveRoom` does not end it. */
  requestedAtMs?: number;
}

/** A membership as a login writes it, before any redelivery. With `leaseExpiresAtMs` it is a polling one. */
export type NewMember = Omit<
  Member,
  "transport" | "acks" | "hasAcked" | "redeliveries" | "redeliveredAtMs" | "exhaustedSeq"
>;

/** The memberships of all rooms. In the room of everyone the connection's row is the membership. */
export interface Members {
  get(roomId: string, session: string): Promise<Member | undefined>;
  /**
   * Writes the session's membership. `superseded`: it has one of a newer connection or generation, which stays.
   *
   * @param current given for a new membership, on which nothing is acked: an existing one of this generation or newer
   *   supersedes it. Absent: the write continues an existing membership, and keeps whether it has acked.
   */
  put(roomId: string, member: NewMember, current?: number): Promise<"done" | "superseded">;
  /** Moves the session's membership of this generation to another connection, if it still exists. */
  move(roomId: string, member: NewMember): Promise<"done" | "changed">;
  /**
   * Removes the membership if it is of that connection, and its login was requested no later than `requestedAtMs`.
   *
   * @returns the removed membership, if any
   */
  remove(roomId: string, session: string, connectionId: string, requestedAtMs?: number): Promise<Member | undefined>;
  /** Removes the membership if it is of an older generation. @returns the removed membership, if any */
  evict(roomId: string, session: string, generation: number): Promise<Member | undefined>;
  /** Moves the cursor forward. @returns the old `seq`; `refused`: no such membership, or the cursor is there already */
  ack(roomId: string, session: string, connectionId: string, cursor: Position): Promise<number | "refused">;
  /** Sets the cursor in any direction. With `startSeq` it is a start position, and nothing is acked yet. */
  setCursor(roomId: string, session: string, connectionId: string, cursor: Position, startSeq?: number): Promise<void>;
  /** Writes the member's redelivery fields, unless its cursor has moved since it was read. */
  recordRedelivery(roomId: string, member: Member): Promise<void>;
  /**
   * All members of a small room, or about `max` members of a large one.
   *
   * @returns `share`: the share of the room that these are, 1 if they are all; absent if unknown
   */
  first(roomId: string, max: number, filterBy?: MemberFilter): Promise<{ members: Member[]; share?: number }>;
  /** All members, or those of a part, after the session `after`. */
  pages(roomId: string, part?: Part, after?: string, filterBy?: MemberFilter): AsyncIterable<Member[]>;
}

/** `includingExpired`: also polling members whose lease expired within the last hour. They are absent otherwise. */
export type MemberFilter = "current" | "includingExpired";

/** One of `of` parts of a room's members. A session is always in the same part. */
export interface Part {
  /** From 0. */
  index: number;
  of: number;
}

/** Whether the member is not evicted. */
export const isCurrent = (member: Pick<Member, "generation">, room: { generation: number }) =>
  member.generation >= room.generation;

/** All parts of a room that is divided into `of` parts. */
export const partsOf = (of: number): Part[] => Array.from({ length: of }, (_, index) => ({ index, of }));
