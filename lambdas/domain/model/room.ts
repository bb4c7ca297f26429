import type { Position } from "../../../protocol/frames.ts";
import { everyone, isConversationRoom, isReservedRoom, ownRoom, userRoom } from "../../../protocol/ids.ts";
import type { Transport } from "./member.ts";

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

/** `seq` is that of the newest message, 0 before the first. */
export interface Room extends Position {
  roomId: string;
  generation: number;
  /** How many came in without looking at others; a `claim` fails if it moved. */
  loginCount: number;
  lease?: Lease;
  /** When the room's counters began; nothing of it can have left the log before. */
  openedAtMs: number;
  /** When the newest `seq` was taken. */
  lastAtMs: number;
  /** A look at the cursors is under way for then. */
  ackCheckAtMs: number;
}

export interface Lease {
  connectionId: string;
  transport: Transport;
  /** A holder without a member row counts until then: longer than a login can take. */
  expiresAtMs: number;
}

export interface Rooms {
  get(roomId: string): Promise<Room | undefined>;
  /** Creates the room where there is none. */
  open(roomId: string): Promise<Room>;
  /** The same for a room that will be there: reads, and writes only where there is none or nobody renewed it for a day. */
  find(roomId: string): Promise<Room>;
  /** Counts somebody who came in without looking at others. @returns the room with that entry */
  countLogin(roomId: string): Promise<Room>;
  /** Makes `holder` the room's, unless anybody came in or became holder since `seen`. */
  acquire(seen: Room, lease: Lease, generation: number): Promise<Room | "changed">;
  /** Starts a new generation for `holder`. @returns the room as it is now, with its holder of before */
  takeOver(roomId: string, lease: Lease): Promise<Room>;
  /** Hands the holder's claim on to another connection of its session, if it is still the holder. */
  moveLease(roomId: string, from: string, to: Pick<Lease, "connectionId" | "transport">): Promise<void>;
  release(roomId: string, connectionId: string): Promise<void>;
  nextSeq(roomId: string): Promise<Room>;
  /** Notes that a look at the cursors is under way for `atMs`. */
  recordAckCheck(roomId: string, atMs: number): Promise<void>;
}

/** Rooms as this execution environment read them within the last second. */
export interface RoomCache {
  get(roomId: string, nowMs: number): Room | undefined;
  /** @param readAtMs a moment before it was read */
  put(room: Room, readAtMs: number): void;
}
