import {
  anything,
  type Check,
  eventName,
  type Field,
  fieldProblem,
  flag,
  isObject,
  list,
  oneOf,
  optional,
  policy,
  required,
  roomList,
  roomOrOwn,
  since,
  text,
  wholeNumber,
} from "./checks.ts";
import { frameCodes } from "./codes.ts";
import type { Action, ClientFrame, FrameOf, Ref, ServerFrame } from "./frames.ts";
import { describe, roomIdProblem, subjectProblem } from "./ids.ts";
import { limits } from "./limits.ts";

export type Refused = Extract<ServerFrame, { type: "refused" }>;

type Fields<A extends Action> = Record<Exclude<keyof FrameOf<A>, "action" | "ref">, Field>;

const session = optional(text("session", limits.sessionChars));
const epoch = text("epoch", limits.epochChars);
const history = optional(wholeNumber("history", 1, limits.historyMessages));
const catchUp = { since: optional(since), history };
const roomsToRestore: Record<string, Field> = {
  roomId: required(roomOrOwn),
  type: optional(policy),
  generation: optional(wholeNumber("generation")),
  ...catchUp,
};
const positions = { roomId: required(roomOrOwn), epoch: required(epoch), seq: required(wholeNumber("seq")) };
const receipts = { roomId: required(roomOrOwn), seq: required(wholeNumber("seq")) };
const clientMessageIdCheck = text("clientMessageId", limits.messageIdChars);
const toUser = optional((value) => subjectProblem("toUser", value));

// An action that is missing here is a compile error.
const fieldsOf: { [A in Action]: Fields<A> } = {
  hello: {
    session,
    rooms: optional(roomList("rooms", limits.roomsPerHello, roomsToRestore)),
    probe: optional(flag("probe")),
    acks: optional(flag("acks")),
  },
  loginRoom: { roomId: required(roomIdProblem), type: optional(policy), ...catchUp },
  leaveRoom: { roomId: required(roomIdProblem) },
  publish: {
    roomId: optional(roomIdProblem),
    toUser,
    eventName: required(eventName),
    data: required(anything),
    clientMessageId: required(clientMessageIdCheck),
    qos: optional(oneOf("qos", [0, 1, 2])),
    receipt: optional(flag("receipt")),
  },
  ack: {
    session,
    rooms: required(roomList("rooms", limits.roomsPerAck, positions)),
    receipts: optional(list("receipts", limits.receiptsPerAck, receipts)),
  },
  replay: {
    roomId: optional(roomOrOwn),
    toUser,
    epoch: optional(epoch),
    after: optional(wholeNumber("after")),
    history,
  },
  here: { nonce: required(text("nonce", limits.nonceChars)) },
  heartbeat: {},
};

/** Checks that concern several fields of one frame. */
const wholeFrame: { [A in Action]?: Check } = {
  loginRoom: sinceOrHistory,
  hello: (frame) => (frame as FrameOf<"hello">).rooms?.map(sinceOrHistory).find((problem) => problem !== undefined),
  publish: (frame) => roomOrUser(frame) ?? receiptOrNot(frame as FrameOf<"publish">),
  replay: (frame) => roomOrUser(frame) ?? afterOrHistory(frame as FrameOf<"replay">),
};

function sinceOrHistory(value: unknown): string | undefined {
  const { since, history } = value as { since?: unknown; history?: unknown };
  return since !== undefined && history !== undefined ? "give since or history, not both" : undefined;
}

function receiptOrNot({ qos, receipt }: FrameOf<"publish">): string | undefined {
  return qos === 0 && receipt ? "receipt needs qos 1 or 2: at qos 0 nobody acks" : undefined;
}

function afterOrHistory({ toUser, epoch, after, history }: FrameOf<"replay">): string | undefined {
  if ((after === undefined) === (history === undefined)) return "give either after or history";
  if (history === undefined) return undefined;
  if (toUser === undefined) return "history needs toUser; for a room, give it to loginRoom";
  return epoch === undefined ? undefined : "epoch goes with after, not with history";
}

function roomOrUser(value: unknown): string | undefined {
  const { roomId, toUser } = value as { roomId?: unknown; toUser?: unknown };
  return (roomId === undefined) === (toUser === undefined) ? "give either roomId or toUser" : undefined;
}

/** Checks one of the rooms of a `hello` or a poll. @returns the reason why it is not valid, or `undefined` */
export function roomToRestoreProblem(room: unknown): string | undefined {
  if (!isObject(room)) return `each room should be an object, got ${describe(room)}`;
  return fieldProblem(room, roomsToRestore) ?? sinceOrHistory(room);
}

/**
 * Parses a frame of a client. Unknown actions and unknown fields are refused, so that a misspelled option is not ignored.
 *
 * @returns the frame, or the reply that refuses it: 4001 no JSON object, 4002 unknown action, 4003 bad fields
 */
export function parseClientFrame(raw: string | undefined): ClientFrame | Refused {
  const frame = parseObject(raw);
  if (!frame) return refused(frameCodes.notJson, "the frame should be a JSON object");
  const ref = frame.ref;
  const action = frame.action;
  // hasOwn, not `in`: anyone can send the action "constructor".
  if (typeof action !== "string" || !Object.hasOwn(fieldsOf, action)) {
    return refused(frameCodes.unknownAction, `action should be one of ${Object.keys(fieldsOf).join(", ")}`, ref);
  }
  const { action: _, ref: __, ...fields } = frame;
  const problem =
    ref !== undefined && !isRef(ref)
      ? `ref should be a whole number or a string of 1 to ${limits.refChars} characters`
      : (fieldProblem(fields, fieldsOf[action as Action]) ?? wholeFrame[action as Action]?.(fields));
  return problem === undefined ? (frame as ClientFrame) : refused(frameCodes.badFields, `${action}: ${problem}`, ref);
}

/** Valid ids in a frame that was refused, so that its reply can name the room and the message. */
export function namesIn(raw: string | undefined): { roomId?: string; clientMessageId?: string } {
  const { roomId, clientMessageId } = parseObject(raw) ?? {};
  return {
    ...(roomIdProblem(roomId) === undefined && { roomId: roomId as string }),
    ...(clientMessageIdCheck(clientMessageId) === undefined && { clientMessageId: clientMessageId as string }),
  };
}

/** @param ref of the refused frame; omitted from the reply if it is not valid */
export function refused(code: Refused["data"]["code"], msg: string, ref?: unknown): Refused {
  return { type: "refused", eventName: "errorResp", data: { code, msg }, ...(isRef(ref) ? { ref } : {}) };
}

const isRef = (ref: unknown): ref is Ref =>
  Number.isSafeInteger(ref) || (typeof ref === "string" && ref !== "" && ref.length <= limits.refChars);

function parseObject(raw: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(raw ?? "");
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
