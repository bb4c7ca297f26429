import type { Message } from "./message.ts";

/** A message as it is posted to the members of a room. */
export interface OutgoingMessage {
  roomId: string;
  messageId: string;
  /** The frame as JSON. */
  text: string;
  /** The message, if its data are kept apart: the frame holds an address that expires, and is made anew from this. */
  source?: Omit<Message, "epoch" | "seq"> & Partial<Message>;
  /** Where it is in the room's log; absent at `qos` 0. */
  epoch?: string;
  seq?: number;
  /** Within how long those who get it are to ack. */
  ackWithinMs?: number;
  /** Nobody wants it after that. */
  ttlEndsAtMs?: number;
  /** Who does not get it, and the frame that they get in its place so that they do not wait for its number. */
  excluded?: { subjects: string[]; text?: string };
}
