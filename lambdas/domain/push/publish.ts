import { frameCodes, frameTexts } from "../../../protocol/codes.ts";
import type { FrameOf, PublishFrame } from "../../../protocol/frames.ts";
import { conversationId, conversationRoom, userRoom } from "../../../protocol/ids.ts";
import type { EveryOption, PushRequest } from "../../../protocol/push.ts";
import type { Caller } from "../model/connection.ts";
import type { Deps } from "../model/deps.ts";
import { isGranted } from "../model/grants.ts";
import { push } from "./push.ts";

/** A publish with its `data` as the client wrote it. */
export type PublishOf = Omit<FrameOf<"publish">, "data"> & { rawData: string };

/** Publishes a page's message to a room that it is in, or to another user. */
export async function publish(deps: Deps, caller: Caller, frame: PublishOf): Promise<PublishFrame> {
  const { roomId, toUser, clientMessageId } = frame;
  const problem = roomId === undefined ? userProblem(caller, toUser ?? "") : await roomProblem(deps, caller, roomId);
  if (problem !== undefined) return failed(clientMessageId, problem);

  const accepted = await push(deps, pushRequestOf(caller, frame));
  if ("code" in accepted) return failed(clientMessageId, accepted.msg);
  const { epoch, seq } = accepted.records[0] ?? {};
  return {
    type: "published",
    eventName: "publishResp",
    data: { code: frameCodes.published, msg: frameTexts.published },
    clientMessageId,
    messageId: accepted.messageId,
    ...(roomId === undefined ? { conversation: conversationId(caller.subject, toUser ?? "") } : { roomId }),
    ...(seq === undefined ? {} : { epoch, seq }),
  };
}

/** Contains the subject, because users may choose equal `clientMessageId`s, and a slash, which ids of services lack. */
export const messageIdOf = (subject: string, clientMessageId: string) =>
  `${encodeURIComponent(subject)}/${clientMessageId}`;

/** A message between two users is kept in their conversation's log, and delivered by the logs of their own rooms. */
function pushRequestOf({ subject }: Caller, frame: PublishOf): PushRequest {
  const { roomId, toUser = "", eventName, rawData, clientMessageId, qos = 1, receipt } = frame;
  const rooms =
    roomId === undefined ? [conversationRoom(subject, toUser), userRoom(subject), userRoom(toUser)] : [roomId];
  const options: EveryOption = {
    eventName,
    // MQTT's `qos` 2 is what 1 is here: acked, and repeated publishes are one message.
    qos: qos === 0 ? 0 : 1,
    from: subject,
    conversation: roomId === undefined ? conversationId(subject, toUser) : undefined,
    receiptTo: receipt ? subject : undefined,
    // Pages cannot choose these.
    ttlMs: undefined,
    exclude: undefined,
  };
  return { ...options, rooms, rawData, messageId: messageIdOf(subject, clientMessageId) };
}

function userProblem({ subject, grants }: Caller, toUser: string): string | undefined {
  if (toUser === subject) return "toUser is yourself";
  const room = userRoom(toUser);
  return isGranted(grants.publish, room) ? undefined : `the token does not allow to publish to ${room}`;
}

async function roomProblem(
  { connections, members }: Deps,
  { connectionId, grants }: Caller,
  roomId: string,
): Promise<string | undefined> {
  if (!isGranted(grants.publish, roomId)) return `the token does not allow to publish to room ${roomId}`;
  const self = await connections.get(connectionId);
  const membership = self && (await members.get(roomId, self.session));
  return membership?.connectionId === connectionId ? undefined : `you are not in room ${roomId}, log in first`;
}

function failed(clientMessageId: string, msg: string): PublishFrame {
  const data = { code: frameCodes.publishFailed, msg };
  return { type: "publishFailed", eventName: "publishResp", data, clientMessageId };
}
