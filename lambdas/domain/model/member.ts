import type { Position } from "../../../protocol/frames.ts";

/** How a session receives: frames are posted to its WebSocket, or it fetches them with `GET /poll`. */
export type Transport = "websocket" | "polling";

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

/**
 * The id that a polling session has in place of a connection's. It owns memberships and leases as a connection's id does,
 * so the same conditional writes hold for both. Nothing can be posted to it.
 */
export const pollingConnectionId = (session: string) => `poll:${session}`;

/** Whether a member, a caller or a leaseholder polls: then nothing can be posted to it. */
export const isPolling = ({ transport }: { transport: Transport }): boolean => transport === "polling";

/** How long a membership stays without a further poll, in milliseconds. */
export const leaseMs = 90_000;

/** The age at which a poll renews the lease: of polls that come every 3 s, one in ten writes. */
const renewAfterMs = leaseMs / 3;

/** Whether the membership is what a poll of `self` would write, except for a little of its lease. */
export const isHeld = (
  self: Pick<Member, "connectionId" | "transport">,
  membership: Pick<Member, "connectionId" | "leaseExpiresAtMs">,
  nowMs: number,
): boolean =>
  isPolling(self) &&
  membership.connectionId === self.connectionId &&
  (membership.leaseExpiresAtMs ?? 0) > nowMs + leaseMs - renewAfterMs;
