import type { ScheduleAckCheck } from "./ack-check.ts";
import type { Connections } from "./connection.ts";
import type { EnqueueTasks, FanOutLimits, Tasks } from "./fan-out-task.ts";
import type { Gateway } from "./gateway.ts";
import type { Members } from "./member.ts";
import type { Log } from "./message.ts";
import type { Payloads } from "./payload.ts";
import type { Pushes } from "./push-record.ts";
import type { ResumePoints } from "./resume-point.ts";
import type { RoomCache, Rooms } from "./room.ts";
import type { UnackedRanges } from "./unacked-range.ts";

export interface Deps {
  connections: Connections;
  rooms: Rooms;
  members: Members;
  resumePoints: ResumePoints;
  unackedRanges: UnackedRanges;
  log: Log;
  payloads: Payloads;
  pushes: Pushes;
  tasks: Tasks;
  gateway: Gateway;
  enqueueTasks: EnqueueTasks;
  fanOut: FanOutLimits;
  scheduleAckCheck: ScheduleAckCheck;
  /** How long a message waits for its ack before it is sent again. */
  redeliverAfterMs: number;
  /** What acks of the last second saw of their rooms. */
  roomCache: RoomCache;
  /** Logs what went wrong behind an answer that is right all the same. */
  logError(what: string, error: unknown): void;
  now(): number;
  wait(ms: number): Promise<void>;
  /** From 0 to below 1. */
  random(): number;
  /** An id that cannot be guessed or met again. */
  newId(): string;
}
