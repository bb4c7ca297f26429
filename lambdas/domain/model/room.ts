import type { Position } from "../../../protocol/frames.ts";
import { everyone, isConversationRoom, isReservedRoom, ownRoom, userRoom } from "../../../protocol/ids.ts";

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

/** The room that a connection of `subject` names so. */
export const roomOfWire = (wireName: string, subject: string): string =>
  wireName === ownRoom ? userRoom(subject) : wireName;

/** Whether membership comes with the connection, without a login. Such a room has no policy, lease or generation. */
export const isImplicit = (roomId: string): boolean => roomKind(roomId) !== "application";

/** A room's counters. `seq` is that of the newest message, 0 before the first. */
export interface Room extends Position {
  roomId: string;
  generation: number;
  /** Counts the logins that did not acquire the lease. `acquire` fails if it has changed. */
  loginCount: number;
  lease?: Lease;
  /** When the counters were created. No older message can have left the log. */
  openedAtMs: number;
  /** When the newest `seq` was taken. */
  lastAtMs: number;
  /** When the scheduled ack check is due. */
  ackCheckAtMs: number;
}

export interface Lease {
  connectionId: string;
  /** The lease counts until then, also without a membership. That is longer than a login can take. */
  expiresAtMs: number;
}

export interface Rooms {
  get(roomId: string): Promise<Room | undefined>;
  /** Creates the room if there is none. */
  open(roomId: string): Promise<Room>;
  /** The same for a room that probably exists: reads first, and writes if there is none or it was not renewed for a day. */
  find(roomId: string): Promise<Room>;
  /** Counts a login that does not acquire the lease. @returns the room after it */
  countLogin(roomId: string): Promise<Room>;
  /** Acquires the lease, unless the login count or the lease has changed since `seen`. */
  acquire(seen: Room, lease: Lease, generation: number): Promise<Room | "changed">;
  /** Starts a new generation with this lease. @returns the room as it is now, with the lease of before */
  takeOver(roomId: string, lease: Lease): Promise<Room>;
  /** Moves the lease to another connection of its session, if it still holds the lease. */
  moveLease(roomId: string, from: string, to: string): Promise<void>;
  release(roomId: string, connectionId: string): Promise<void>;
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
