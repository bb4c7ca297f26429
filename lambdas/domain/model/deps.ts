import type { ScheduleLook } from "./ack-check.ts";
import type { Connections } from "./connection.ts";
import type { FanOutLimits, OrderTasks, Tasks } from "./fan-out-task.ts";
import type { Gateway } from "./gateway.ts";
import type { Members } from "./member.ts";
import type { Log } from "./message.ts";
import type { Payloads } from "./payload.ts";
import type { Pushes } from "./push-record.ts";
import type { Cursors } from "./resume-point.ts";
import type { RecentRooms, Rooms } from "./room.ts";
import type { Debts } from "./unacked-range.ts";

export interface Deps {
  connections: Connections;
  rooms: Rooms;
  members: Members;
  cursors: Cursors;
  debts: Debts;
  log: Log;
  payloads: Payloads;
  pushes: Pushes;
  tasks: Tasks;
  gateway: Gateway;
  orderTasks: OrderTasks;
  fanOut: FanOutLimits;
  scheduleLook: ScheduleLook;
  /** How long a message waits for its ack before it is sent again. */
  redeliverAfterMs: number;
  /** What acks of the last second saw of their rooms. */
  recentRooms: RecentRooms;
  /** Logs what went wrong behind an answer that is right all the same. */
  noteTrouble(what: string, error: unknown): void;
  now(): number;
  wait(ms: number): Promise<void>;
  /** From 0 to below 1. */
  random(): number;
  /** An id that cannot be guessed or met again. */
  newId(): string;
}
