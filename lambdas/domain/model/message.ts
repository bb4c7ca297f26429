import type { Position } from "../../../protocol/frames.ts";
import type { MessageOptions } from "../../../protocol/push.ts";
import type { PayloadRef } from "./payload.ts";
import type { Room } from "./room.ts";

/** The options of a message as the log and frames use them: the end of its ttl is known, and `qos` 0 has no position. */
export type KeptOptions = Omit<MessageOptions, "qos" | "ttlMs"> & {
  /** The message is not delivered from then on. */
  ttlEndsAtMs?: number;
};

/** A message of a room as it is sent. At `qos` 0 it has no position. */
export interface SentMessage extends KeptOptions, Partial<Position> {
  roomId: string;
  messageId: string;
  /** The data as JSON text, exactly as pushed. Absent if they are stored as a payload. */
  rawData?: string;
  payload?: PayloadRef;
  /** When the push was accepted. */
  atMs: number;
}

/** A message in a room's log. */
export interface Message extends SentMessage {
  epoch: string;
  seq: number;
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
