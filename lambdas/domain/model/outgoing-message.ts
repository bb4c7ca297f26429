import type { SentMessage } from "./message.ts";

/** A message as it is posted to the members of a room, and as the fan-out queue holds it. */
export interface OutgoingMessage {
  roomId: string;
  messageId: string;
  /** The frame as JSON. */
  text: string;
  /** Present if the data are a payload: its URL in `text` expires, and a new frame is made from this message. */
  source?: SentMessage;
  /** The position in the room's log. Absent at `qos` 0. */
  epoch?: string;
  seq?: number;
  /** The time over which the members spread their acks. Absent if they may ack at once. */
  ackWithinMs?: number;
  /** The message is not posted from then on. */
  ttlEndsAtMs?: number;
  /** The excluded subjects, and the frame that advances their number. At `qos` 0 there is no number, and no frame. */
  excluded?: { subjects: string[]; text?: string };
}
