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

/** The ports of the domain, with its clock, randomness and log. */
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
  /** How long a message waits for its ack before the first redelivery. */
  redeliverAfterMs: number;
  roomCache: RoomCache;
  /** Logs an error that does not change the response. */
  logError(context: string, error: unknown): void;
  now(): number;
  wait(ms: number): Promise<void>;
  /** From 0 to below 1. */
  random(): number;
  /** A unique id that cannot be guessed. */
  newId(): string;
}
