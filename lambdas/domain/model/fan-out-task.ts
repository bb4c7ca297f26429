import type { Part } from "./member.ts";
import type { Outcomes } from "./outcomes.ts";
import type { OutgoingMessage } from "./outgoing-message.ts";

/** One item of the fan-out queue: a message on its way to a part of a large room, or once more to a few. */
export interface FanOutTask extends OutgoingMessage {
  /** Names it among those of its message and room: what is ordered twice under one name is done once. */
  taskId: string;
  to: Part | { sessions: string[] };
  /** How often the rest was handed on, or the sessions were tried. */
  hop: number;
}

/** How fast the fan-out queue is worked on. */
export interface FanOutLimits {
  /** Of all fan-out workers together. */
  postsPerSecond: number;
  /** At most so many tasks at once. */
  workers: number;
}

/** Puts tasks into the fan-out queue. */
export type EnqueueTasks = (tasks: readonly FanOutTask[], afterMs?: number) => Promise<void>;

/** What the books say of a task. */
export interface TaskProgress {
  /** The session up to which all are done. */
  after?: string;
  outcomes: Outcomes;
  /** So many tasks were ordered for members who are tried again. */
  retryTaskCount?: number;
  /** When all was done. */
  doneAtMs?: number;
  /** Somebody works at it until then. */
  leaseExpiresAtMs?: number;
}

/** The books on tasks, kept for a day. Who works at a task has it alone, for so long as it said. */
export interface Tasks {
  /** `done`: there is nothing left to do. `taken`: somebody else works at it. */
  acquire(task: FanOutTask, worker: string, leaseExpiresAtMs: number): Promise<TaskProgress | "done" | "taken">;
  /** `lost`: the time was over, and somebody else may work at it. */
  record(task: FanOutTask, worker: string, record: TaskProgress): Promise<"recorded" | "lost">;
}
