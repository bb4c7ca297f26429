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

/** A client sends to a room that it is in, or to a person. */
export async function publish(deps: Deps, caller: Caller, frame: PublishOf): Promise<PublishFrame> {
  const { roomId, toUser, clientMessageId } = frame;
  const problem = roomId === undefined ? personProblem(caller, toUser ?? "") : await roomProblem(deps, caller, roomId);
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

/** Other people may use the same id; services' own ids have no slash. */
export const messageIdOf = (subject: string, clientMessageId: string) =>
  `${encodeURIComponent(subject)}/${clientMessageId}`;

/** Between two people: kept in their conversation's log, and delivered by the log of each one's own room. */
function pushRequestOf({ subject }: Caller, frame: PublishOf): PushRequest {
  const { roomId, toUser = "", eventName, rawData, clientMessageId, qos = 1, receipt } = frame;
  const rooms =
    roomId === undefined ? [conversationRoom(subject, toUser), userRoom(subject), userRoom(toUser)] : [roomId];
  const options: EveryOption = {
    eventName,
    // What MQTT calls 2 is true of 1 here: acked, and the sender's repetitions are one message.
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

function personProblem({ subject, grants }: Caller, toUser: string): string | undefined {
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
