import type { Position } from "../../../protocol/frames.ts";

/** Reports messages that were not acked after the last redelivery, as `MessageUndelivered` events. */
export type ReportUndelivered = (undelivered: Undelivered[]) => Promise<void>;

export interface Undelivered extends Position {
  messageId: string;
  roomId: string;
  subject: string;
  eventName: string;
  atMs: number;
}
