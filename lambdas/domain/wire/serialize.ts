import type { MessageFrame, ServerFrame } from "../../../protocol/frames.ts";
import type { Deps } from "../model/deps.ts";
import type { Message } from "../model/message.ts";
import { roomKind, wireRoomOf } from "../model/room.ts";

/** JSON text that goes into a frame as it is: neither parsed nor printed anew. */
class RawJson {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A frame as JSON. */
export const serializeFrame = (frame: ServerFrame): string => serialize(frame);

/** The same for an answer that holds frames. */
export const serializeAnswer = (answer: { rooms: ServerFrame[] }): string => serialize(answer);

function serialize(value: unknown): string {
  if (value instanceof RawJson) return value.text;
  if (Array.isArray(value)) return `[${value.map(serialize).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${serialize(member)}`).join(",")}}`;
}

/** A message's text where its frame is wanted: nobody reads it on its way, and it is printed as it is. */
export const rawFrame = (text: string): MessageFrame => new RawJson(text) as unknown as MessageFrame;

/**
 * A message's frame as text; one without `seq` is of `qos` 0. Made anew for each sending: addresses expire.
 *
 * @param ackWithinMs where many get it at once: within how long they are to ack
 */
export function serializeMessage(
  { payloads }: Pick<Deps, "payloads">,
  message: Omit<Message, "epoch" | "seq"> & Partial<Message>,
  ackWithinMs?: number,
): string {
  const { roomId, eventName, rawData, payload, epoch, seq, messageId, atMs, from, conversation, receiptTo } = message;
  return serialize({
    type: "message",
    eventName,
    data: rawData === undefined ? undefined : new RawJson(rawData),
    payload: payload && { url: payloads.urlOf(payload), ...payload },
    roomId: wireRoomOfMessage(roomId, conversation),
    epoch,
    seq,
    messageId,
    at: atMs,
    qos: seq === undefined ? 0 : 1,
    ackWithinMs,
    from,
    conversation,
    receipt: receiptTo === undefined ? undefined : true,
  });
}

/** A message of everyone names no room; one that is read from a conversation's log does not name a room with numbers. */
function wireRoomOfMessage(roomId: string, conversation: string | undefined): string | undefined {
  const kind = roomKind(roomId);
  if (kind === "conversation") return conversation;
  return kind === "everyone" ? undefined : wireRoomOf(roomId);
}

/** As UTF-8, which is what limits are about. */
export const utf8Bytes = (text: string) => Buffer.byteLength(text);
