import type { Part } from "./member.ts";
import type { Outcomes } from "./outcomes.ts";
import type { OutgoingMessage } from "./outgoing-message.ts";

/** One item of the fan-out queue: a message for one part of a large room, or a retry of its failed posts. */
export interface FanOutTask extends OutgoingMessage {
  /** Unique within the message and room: a task that is enqueued twice under one id is done once. */
  taskId: string;
  /** One part of the room, or the sessions of a retry. */
  to: Part | { sessions: string[] };
  /** For a part: how often its rest was enqueued again. For a retry: its number, from 1. */
  hop: number;
}

export interface FanOutLimits {
  /** The limit for all fan-out workers together. */
  postsPerSecond: number;
  /** How many tasks run at the same time. */
  workers: number;
}

/** Enqueues fan-out tasks, to be delivered `afterMs` from now (default: 0). */
export type EnqueueTasks = (tasks: readonly FanOutTask[], afterMs?: number) => Promise<void>;

/** The recorded progress of a task. */
export interface TaskProgress {
  /** The session up to which the task is done. */
  after?: string;
  outcomes: Outcomes;
  /** How many tasks were enqueued for retries. */
  retryTaskCount?: number;
  /** When the task was done. */
  doneAtMs?: number;
  /** A worker holds the task's lease until then. */
  leaseExpiresAtMs?: number;
}

/** The progress of fan-out tasks, kept for a day. A worker that has acquired a task's lease is the only one at work on it. */
export interface Tasks {
  /** `done`: nothing is left to do. `taken`: another worker holds the lease. */
  acquire(task: FanOutTask, worker: string, leaseExpiresAtMs: number): Promise<TaskProgress | "done" | "taken">;
  /** `lost`: the lease has expired, and another worker may have acquired it. */
  record(task: FanOutTask, worker: string, record: TaskProgress): Promise<"recorded" | "lost">;
}
