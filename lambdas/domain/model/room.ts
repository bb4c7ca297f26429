import type { Position } from "../../../protocol/frames.ts";
import { everyone, isConversationRoom, isReservedRoom, ownRoom, userRoom } from "../../../protocol/ids.ts";
import type { Transport } from "./polling.ts";

/**
 * How sessions become members of a room.
 *
 * | kind | members |
 * | --- | --- |
 * | `application` | sessions that log in, under a policy |
 * | `user` | all connections of one subject, from connect |
 * | `everyone` | all connections, from connect |
 * | `conversation` | none: it is a log only |
 */
export type RoomKind = "application" | "user" | "everyone" | "conversation";

/** @param roomId as the tables or as a connection's frames name the room */
export function roomKind(roomId: string): RoomKind {
  if (!isReservedRoom(roomId)) return "application";
  if (roomId === everyone) return "everyone";
  return isConversationRoom(roomId) ? "conversation" : "user";
}

/** How a connection's frames name the room: `@user` is the own room of the connection's subject. */
export const wireRoomOf = (roomId: string): string => (roomKind(roomId) === "user" ? ownRoom : roomId);

/** The room that frames of the subject's connections call `wireName`. */
export const roomOfWire = (wireName: string, subject: string): string =>
  wireName === ownRoom ? userRoom(subject) : wireName;

/** Whether the room has no logins, and so no policy, lease or generation: each kind except application rooms. */
export const isImplicit = (roomId: string): boolean => roomKind(roomId) !== "application";

/** A room's counters. `seq` is that of the newest message, 0 before the first. */
export interface Room extends Position {
  roomId: string;
  generation: number;
  /** Counts the logins that did not acquire the lease. `acquire` fails if it has changed. */
  loginCount: number;
  lease?: Lease;
  /** When the counters were created. The epoch has no older messages. */
  openedAtMs: number;
  /** When the newest `seq` was taken. */
  lastAtMs: number;
  /** When the scheduled ack check is due. */
  ackCheckAtMs: number;
}

/** The right of one connection to write its membership next. */
export interface Lease {
  connectionId: string;
  transport: Transport;
  /** Longer than a login can take. After that, the connection has no right to the room without a membership. */
  expiresAtMs: number;
}

export interface Rooms {
  get(roomId: string): Promise<Room | undefined>;
  /** Reads the room, creates it if there is none, and restarts its lifetime of 30 days. Always a write. */
  open(roomId: string): Promise<Room>;
  /** The same for a room that probably exists: a read, and `open` only if there is none or it was not renewed for a day. */
  find(roomId: string): Promise<Room>;
  /** Counts a login that does not acquire the lease. @returns the room after it */
  countLogin(roomId: string): Promise<Room>;
  /** Acquires the lease and sets the generation, unless generation, login count or lease have changed since `seen`. */
  acquire(seen: Room, lease: Lease, generation: number): Promise<Room | "changed">;
  /** Increments the generation and replaces the lease. @returns the room with its new generation and its previous lease */
  takeOver(roomId: string, lease: Lease): Promise<Room>;
  /** Moves the lease to another connection of its session, if it still holds the lease. */
  moveLease(roomId: string, from: string, to: Pick<Lease, "connectionId" | "transport">): Promise<void>;
  /** Releases the lease, if that connection holds it. */
  release(roomId: string, connectionId: string): Promise<void>;
  /** Takes the next number of the room's log. @returns the room with that number as `seq` */
  nextSeq(roomId: string): Promise<Room>;
  /** Records that an ack check is scheduled for `atMs`. */
  recordAckCheck(roomId: string, atMs: number): Promise<void>;
}

/** The rooms that this execution environment has read within the last second. */
export interface RoomCache {
  get(roomId: string, nowMs: number): Room | undefined;
  /** @param readAtMs a moment before the room was read */
  put(room: Room, readAtMs: number): void;
}
