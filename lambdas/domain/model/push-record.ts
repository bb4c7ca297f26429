import type { Position } from "../../../protocol/frames.ts";
import type { TaskProgress } from "./fan-out-task.ts";
import type { Outcomes } from "./outcomes.ts";

/** The recorded progress of one message in one room. */
export interface PushRecord extends Partial<Position> {
  roomId: string;
  /** When the push was accepted. */
  atMs: number;
  /** Delivery has ended at least once, or the fan-out queue has taken it over. */
  done: boolean;
  /** Hash of the content that the idempotency key stands for. Only in the record of the push's first room. */
  digest?: string;
  outcomes?: Outcomes;
  /** How many tasks were enqueued for retries. */
  retryTaskCount?: number;
  /** Subjects that do not get the message. */
  exclude?: string[];
  /** The subject that sent the message. */
  from?: string;
  /** The number of parts of a room that was too large to be posted to at once. */
  parts?: number;
  /** The progress of the tasks of all parts, and of their retries. */
  tasks?: KnownTask[];
}

/** A task that a worker has begun: of one part of the room, or a retry. */
export type KnownTask = TaskProgress & { ofPart: boolean };

/** The progress of pushes, kept for a day. */
export interface Pushes {
  /** Writes the record of an idempotent push, if it is the first one. @returns the first push's record if it is not */
  register(messageId: string, record: PushRecord): Promise<PushRecord | undefined>;
  /** A short hash of a text. */
  digestOf(text: string): string;
  /** Removes a record that `register` has written. */
  forget(messageId: string, record: PushRecord): Promise<void>;
  /** Replaces the number `before` by that of `record`, unless a concurrent push has replaced it. */
  renumber(messageId: string, record: PushRecord, before: number): Promise<void>;
  /** Writes the record with the result of the delivery. */
  finish(messageId: string, record: PushRecord): Promise<void>;
  /** Records the number of parts of the room. @returns the number that was recorded first */
  recordParts(messageId: string, record: PushRecord, parts: number): Promise<number>;
  /** @returns one record per room, with the progress of its tasks; none if the push is unknown or older than a day */
  get(messageId: string): Promise<PushRecord[]>;
}
