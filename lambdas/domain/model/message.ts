import type { Position } from "../../../protocol/frames.ts";
import type { MessageOptions } from "../../../protocol/push.ts";
import type { PayloadRef } from "./payload.ts";
import type { Room } from "./room.ts";

/** The options that a message keeps: the end of its `ttl` in place of the `ttl`, and no `qos`, as `qos` 0 has no position. */
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

/** One number of a room's log. Without a message it is a tombstone. */
export type LogEntry = { seq: number; atMs: number; message?: Message };

/** The logs of all rooms. */
export interface Log {
  /** `exists`: the log has this message already. `superseded`: the number has a tombstone or another message. */
  append(message: Message): Promise<"done" | "exists" | "superseded">;
  /** Writes a tombstone under a number, if it has no entry. `taken`: the number has a message. */
  putTombstone(roomId: string, at: Position & { atMs: number }): Promise<"done" | "taken">;
  get(roomId: string, at: Position): Promise<LogEntry | undefined>;
  /** The kept entries of the room's epoch, both ends included, by ascending `seq` or `backwards`. */
  pages(room: Pick<Room, "roomId" | "epoch">, from: number, to: number, backwards?: boolean): AsyncIterable<LogEntry[]>;
  retentionMs: number;
}

/** Whether the subject may get the message. An excluded subject gets only its number. */
export const isFor = ({ exclude }: Message, subject: string) => !exclude?.includes(subject);

/** Whether the message's `ttl` has not ended. */
export const isWithinTtl = ({ ttlEndsAtMs }: Message, nowMs: number) =>
  ttlEndsAtMs === undefined || ttlEndsAtMs > nowMs;
