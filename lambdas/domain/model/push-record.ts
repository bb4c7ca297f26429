import type { Position } from "../../../protocol/frames.ts";
import type { TaskProgress } from "./fan-out-task.ts";
import type { Outcomes } from "./outcomes.ts";

/** The recorded progress of one message in one room. */
export interface PushRecord extends Partial<Position> {
  roomId: string;
  atMs: number;
  /** Delivery has ended at least once, or the fan-out queue has taken it over. */
  done: boolean;
  /** Of the content that the idempotency key stands for. Only in the record of the push's first room. */
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

/** A task that a worker has begun. One that is not of a part is a retry. */
export type KnownTask = TaskProgress & { ofPart: boolean };

/** The progress of pushes, kept for a day. */
export interface Pushes {
  /** Registers a push that may be repeated. @returns the record of the first such push, `undefined` if this is it */
  register(messageId: string, record: PushRecord): Promise<PushRecord | undefined>;
  /** A short hash of a text. */
  digestOf(text: string): string;
  /** Removes what `register` has written. */
  forget(messageId: string, record: PushRecord): Promise<void>;
  /** Gives a push another number, if it still has `seq`. */
  renumber(messageId: string, record: PushRecord, seq: number): Promise<void>;
  finish(messageId: string, record: PushRecord): Promise<void>;
  /** Records the number of parts of the room. @returns the number that was recorded first */
  recordParts(messageId: string, record: PushRecord, parts: number): Promise<number>;
  get(messageId: string): Promise<PushRecord[]>;
}
