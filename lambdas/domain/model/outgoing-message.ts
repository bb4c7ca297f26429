import type { SentMessage } from "./message.ts";

/** A message as it is posted to the members of a room, and as the fan-out queue holds it. */
export interface OutgoingMessage {
  roomId: string;
  messageId: string;
  /** The frame as JSON. */
  text: string;
  /** The message, if its data are a payload: the frame's URL expires, and is made again from this. */
  source?: SentMessage;
  /** The position in the room's log. Absent at `qos` 0. */
  epoch?: string;
  seq?: number;
  /** The time over which the members spread their acks. */
  ackWithinMs?: number;
  /** The message is not posted from then on. */
  ttlEndsAtMs?: number;
  /** The excluded subjects, and the frame that advances their number. At `qos` 0 there is no number, and no frame. */
  excluded?: { subjects: string[]; text?: string };
}
