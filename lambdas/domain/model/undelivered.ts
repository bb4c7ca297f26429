import type { Position } from "../../../protocol/frames.ts";

/** Tells the team's backend that a message was not acked after the last try. */
export type ReportUndelivered = (undelivered: Undelivered[]) => Promise<void>;

export interface Undelivered extends Position {
  messageId: string;
  roomId: string;
  subject: string;
  eventName: string;
  atMs: number;
}
