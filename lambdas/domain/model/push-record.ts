import type { Position } from "../../../protocol/frames.ts";
import type { TaskProgress } from "./fan-out-task.ts";
import type { Outcomes } from "./outcomes.ts";

/** What is known of one message in one room. */
export interface PushRecord extends Partial<Position> {
  roomId: string;
  atMs: number;
  /** Delivery has come to its end at least once, or the queue has taken it over. */
  done: boolean;
  /** What the push's id stands for; in the record of its first room only. */
  digest?: string;
  outcomes?: Outcomes;
  /** So many tasks were ordered for members who are tried again. */
  retryTaskCount?: number;
  /** Subjects that did not get it. */
  exclude?: string[];
  /** The subject that sent it. */
  from?: string;
  /** Into how many parts the room was divided, if it was too large to be posted to at once. */
  parts?: number;
  /** What became of the parts, and of what was tried again. */
  tasks?: KnownTask[];
}

/** A task that somebody has begun; otherwise than one of a part, one of members who are tried again was not planned. */
export type KnownTask = TaskProgress & { ofPart: boolean };

/** The books on pushes, kept for a day. */
export interface Pushes {
  /** Enters a push that may come twice. @returns what the first of them entered, if this is not it */
  register(messageId: string, record: PushRecord): Promise<PushRecord | undefined>;
  /** A short word for what a text says. */
  digestOf(text: string): string;
  /** Takes back what `begin` entered. */
  forget(messageId: string, record: PushRecord): Promise<void>;
  /** Gives a push another number, if it still has `seq`. */
  renumber(messageId: string, record: PushRecord, seq: number): Promise<void>;
  finish(messageId: string, record: PushRecord): Promise<void>;
  /** Notes into how many parts the room is divided. @returns the number that was noted first */
  recordParts(messageId: string, record: PushRecord, parts: number): Promise<number>;
  get(messageId: string): Promise<PushRecord[]>;
}
