import type { MessageFrame } from "../protocol/frames.ts";

/** Duplicates come close together: the gateway's answer to a post got lost, and the server posted again. */
const seenMax = 128;

const keyOf = ({ roomId = "", epoch, seq }: MessageFrame) => `${epoch} ${seq} ${roomId}`;

export const isSeen = (seen: readonly string[], message: MessageFrame) => seen.includes(keyOf(message));

/** Adds a message; the oldest is forgotten. */
export const remember = (seen: readonly string[], message: MessageFrame): readonly string[] => [
  ...seen.slice(1 - seenMax),
  keyOf(message),
];
