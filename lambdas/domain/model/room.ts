import type { Position } from "../../../protocol/frames.ts";
import type { Transport } from "./polling.ts";

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
