import type { MessageFrame, ServerFrame } from "../../../protocol/frames.ts";
import type { Deps } from "../model/deps.ts";
import type { KeptOptions, SentMessage } from "../model/message.ts";
import { roomKind, wireRoomOf } from "../model/room.ts";

/** JSON text that is inserted into a frame as it is, without parsing. */
class RawJson {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A frame as JSON. */
export const serializeFrame = (frame: ServerFrame): string => serialize(frame);

/** The response to a poll, which contains frames, as JSON. */
export const serializePollResponse = (response: { rooms: ServerFrame[] }): string => serialize(response);

function serialize(value: unknown): string {
  if (value instanceof RawJson) return value.text;
  if (Array.isArray(value)) return `[${value.map(serialize).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${serialize(member)}`).join(",")}}`;
}

/** A serialized message as an element of another frame. Only `serializeFrame` and `serializePollResponse` can read it. */
export const rawFrame = (text: string): MessageFrame => new RawJson(text) as unknown as MessageFrame;

/** The keys of a message's frame while it is written: its fields, and every option. `receiptTo` becomes `receipt`. */
export type MessageFields = Record<keyof MessageFrame | Exclude<keyof KeptOptions, "receiptTo">, unknown>;

/**
 * A message's frame as JSON. It is serialized for each delivery, because the URLs of payloads expire.
 *
 * @param message without `seq` it is of `qos` 0
 * @param ackWithinMs in a large room, the time over which the members spread their acks
 */
export function serializeMessage(
  { payloads }: Pick<Deps, "payloads">,
  message: SentMessage,
  ackWithinMs?: number,
): string {
  const { roomId, eventName, rawData, payload, epoch, seq, messageId, atMs, from, conversation, receiptTo } = message;
  const frame = {
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
    // Pages do not see these options.
    ttlEndsAtMs: undefined,
    exclude: undefined,
  } satisfies MessageFields;
  return serialize(frame);
}

/**
 * The `roomId` of a message's frame. A conversation's log has its own numbers, so its messages name the conversation.
 * Messages to everyone name no room.
 */
function wireRoomOfMessage(roomId: string, conversation: string | undefined): string | undefined {
  const kind = roomKind(roomId);
  if (kind === "conversation") return conversation;
  return kind === "everyone" ? undefined : wireRoomOf(roomId);
}

/** The size as UTF-8, in which all limits are given. */
export const utf8Bytes = (text: string) => Buffer.byteLength(text);
