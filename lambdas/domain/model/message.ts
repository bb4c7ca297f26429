import type { Position } from "../../../protocol/frames.ts";
import type { PayloadRef } from "./payload.ts";
import type { Room } from "./room.ts";

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
  ttlEndsAtMs?: number;
  from?: string;
  conversation?: string;
  /** Subjects that do not get it. */
  exclude?: string[];
  /** Subject that wants to hear of each delivery. */
  receiptTo?: string;
}

/** One number of a room's log: a message, or nothing for ever. */
export type LogEntry = { seq: number; atMs: number; message?: Message };

/** The kept messages of all rooms. */
export interface Log {
  /** `there`: this very message is kept already. `void`: its number was given up, it needs a new one. */
  append(message: Message): Promise<"done" | "exists" | "superseded">;
  /** Gives a number up for ever. `taken`: a message has it. */
  putTombstone(roomId: string, at: Position & { atMs: number }): Promise<"done" | "taken">;
  get(roomId: string, at: Position): Promise<LogEntry | undefined>;
  /** Those of the room's epoch, in order or `backwards`, both ends included, as far as they are kept. */
  pages(room: Pick<Room, "roomId" | "epoch">, from: number, to: number, backwards?: boolean): AsyncIterable<LogEntry[]>;
  retentionMs: number;
}

/** Whether the subject is meant: to who was excluded its number holds nothing. */
export const isFor = ({ exclude }: Message, subject: string) => !exclude?.includes(subject);

/** Whether its `ttl` is not over. */
export const isWanted = ({ ttlEndsAtMs }: Message, nowMs: number) => ttlEndsAtMs === undefined || ttlEndsAtMs > nowMs;
