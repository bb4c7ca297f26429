import {
  anything,
  eventName,
  type Field,
  fieldProblem,
  isObject,
  oneOf,
  optional,
  required,
  wholeNumber,
} from "./checks.ts";
import { isReservedEventName, type PushCode } from "./codes.ts";
import { describe, describeText, everyone, isReservedRoom, roomIdProblem, subjectProblem, userRoom } from "./ids.ts";
import { limits } from "./limits.ts";
import { rawMember } from "./raw-json.ts";

/**
 * The sender's options of a message, besides its rooms and data. They travel as one object from the parser to the log and
 * the frame. Each place that writes them field by field names every option, and does not compile without one.
 */
export interface MessageOptions {
  eventName: string;
  qos: 0 | 1;
  /** Milliseconds after which the message is not delivered any more. Default: it is kept for the log's retention. */
  ttlMs?: number;
  /** Subjects that do not get the message. */
  exclude?: string[];
  /** Subject that gets a receipt for each delivery. */
  receiptTo?: string;
  /** Subject that published the message. A service's push has none. */
  from?: string;
  /** The conversation that the message belongs to, as its two users see it. */
  conversation?: string;
}

/** All options by name, for code that writes them one by one: `undefined` is allowed, a missing name is not. */
export type EveryOption = { [Name in keyof Required<MessageOptions>]: MessageOptions[Name] };

/** One message for one or several rooms. */
export interface PushRequest extends MessageOptions {
  /** Room ids as in the tables: `456`, `@user/ann` or `@all`. */
  rooms: string[];
  /** The JSON text exactly as it was sent. */
  rawData: string;
  /** Chosen by the sender: pushes with the same id within 24 hours are one message. */
  messageId?: string;
}

/** The response waits until `acks` users have acked, or `withinMs` have passed. */
export interface WaitFor {
  /** The sum over all rooms: a user counts once in each room. */
  acks: number;
  withinMs: number;
}

/** `wrapped`: the caller used the `{ROOT:{BODY:…}}` envelope, and gets the response in it. */
export type ParsedPush = { wrapped: boolean } & (
  | { ok: true; push: PushRequest & { waitFor?: WaitFor } }
  | { ok: false; refusal: PushRefusal }
);
export interface PushRefusal {
  code: PushCode;
  msg: string;
}

const targetFields = ["roomId", "userId", "eventName", "data"];
const messageIdPattern = /^[A-Za-z0-9_\-.:~]+$/;
const waitForFields = {
  acks: required(wholeNumber("waitFor.acks", 1, limits.waitForAcks)),
  withinMs: required(wholeNumber("waitFor.withinMs", 1, limits.waitForMs)),
};
/** The field of the body that sets each option. `undefined`: a service cannot set it. */
const fieldOf = {
  eventName: "eventName",
  qos: "qos",
  ttlMs: "ttl",
  exclude: "exclude",
  receiptTo: "receipt",
  from: undefined,
  conversation: undefined,
} as const satisfies Record<keyof MessageOptions, string | undefined>;

type OptionField = Exclude<(typeof fieldOf)[keyof MessageOptions], "eventName" | undefined> | "messageId" | "waitFor";

const options = {
  qos: optional(oneOf("qos", [0, 1])),
  messageId: optional((value) =>
    typeof value === "string" && value.length <= limits.messageIdChars && messageIdPattern.test(value)
      ? undefined
      : `messageId should have 1 to ${limits.messageIdChars} letters, digits and _ - . : ~, got ${describeText(value)}`,
  ),
  ttl: optional(wholeNumber("ttl (seconds)", 1, limits.ttlSeconds)),
  receipt: optional((value) => subjectProblem("receipt (the userId that gets the receipts)", value)),
  exclude: optional(excludeProblem),
  waitFor: optional((value) =>
    isObject(value) ? fieldProblem(value, waitForFields) : `waitFor should be {acks, withinMs}, got ${describe(value)}`,
  ),
} satisfies Record<OptionField, Field>;
/** Checks `exclude`, which is for users who know of the event already. @returns the reason why it is not valid */
function excludeProblem(value: unknown): string | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > limits.excludedPerPush) {
    const got = Array.isArray(value) ? value.length : describe(value);
    return `exclude should be a list of 1 to ${limits.excludedPerPush} userIds, got ${got}`;
  }
  return value
    .map((subject) => subjectProblem("each userId of exclude", subject))
    .find((problem) => problem !== undefined);
}

const knownFields = [...targetFields, ...Object.keys(options)];

/** Parses the body of `POST /push`: a plain JSON object, or one in the `{ROOT:{BODY:…}}` envelope. */
export function parsePush(raw: string | undefined): ParsedPush {
  const json = raw ?? "";
  let outer: unknown;
  try {
    outer = JSON.parse(json);
  } catch {
    return { wrapped: false, ok: false, refusal: { code: "bodyNotJson", msg: "the body is not JSON" } };
  }
  const wrapped = isObject(outer) && Object.hasOwn(outer, "ROOT");
  const body = wrapped ? memberOf(memberOf(outer, "ROOT"), "BODY") : outer;
  if (!isObject(body)) {
    const where = wrapped ? "ROOT.BODY" : "the body";
    return {
      wrapped,
      ok: false,
      refusal: { code: "bodyNotJson", msg: `${where} should be a JSON object, got ${describe(body)}` },
    };
  }
  const refusal = fieldRefusal(body);
  if (refusal) return { wrapped, ok: false, refusal };
  const rawData = rawMember(json, wrapped ? ["ROOT", "BODY", "data"] : ["data"]) ?? "null";
  return {
    wrapped,
    ok: true,
    push: { rooms: roomsOf(body), rawData, ...messageOptionsOf(body), ...requestOptionsOf(body) },
  };
}

function fieldRefusal(body: Record<string, unknown>): PushRefusal | undefined {
  const extra = Object.keys(body).find((name) => !knownFields.includes(name));
  if (extra !== undefined) {
    const msg = `unknown field ${JSON.stringify(extra.slice(0, 32))}, allowed are ${knownFields.join(", ")}`;
    return { code: "unknownField", msg };
  }
  return eventNameRefusal(body.eventName) ?? dataRefusal(body) ?? targetRefusal(body) ?? optionRefusal(body);
}

function optionRefusal(body: Record<string, unknown>): PushRefusal | undefined {
  const given = Object.fromEntries(Object.entries(body).filter(([name]) => Object.hasOwn(options, name)));
  const problem =
    fieldProblem(given, options) ??
    (body.exclude !== undefined && body.userId !== undefined
      ? "exclude goes with roomId or everyone, not with userId"
      : undefined) ??
    ["waitFor", "receipt"]
      .filter((name) => body.qos === 0 && body[name] !== undefined)
      .map((name) => `${name} needs qos 1: at qos 0 nobody acks`)[0];
  return problem === undefined ? undefined : { code: "optionWrong", msg: problem };
}

/** Reads the options of a checked body. */
function messageOptionsOf({ eventName, qos = 1, ttl, exclude, receipt }: Record<string, unknown>): EveryOption {
  return {
    eventName: eventName as string,
    qos: qos as 0 | 1,
    ttlMs: ttl === undefined ? undefined : (ttl as number) * 1000,
    exclude: exclude === undefined ? undefined : [...new Set(exclude as string[])],
    receiptTo: receipt as string | undefined,
    // A publish has these; a service cannot set them.
    from: undefined,
    conversation: undefined,
  };
}

const requestOptionsOf = ({ messageId, waitFor }: Record<string, unknown>) => ({
  ...(messageId !== undefined && { messageId: messageId as string }),
  ...(waitFor !== undefined && { waitFor: waitFor as WaitFor }),
});

function eventNameRefusal(name: unknown): PushRefusal | undefined {
  const msg = eventName(name);
  if (msg === undefined) return undefined;
  return { code: typeof name === "string" && isReservedEventName(name) ? "eventNameReserved" : "eventNameWrong", msg };
}

function dataRefusal({ data }: Record<string, unknown>): PushRefusal | undefined {
  const msg = anything(data);
  return msg === undefined ? undefined : { code: "dataMissing", msg };
}

function targetRefusal(body: Record<string, unknown>): PushRefusal | undefined {
  const { roomId, userId } = body;
  if (userId !== undefined) {
    if (roomId !== undefined) return { code: "userIdWrong", msg: "give roomId or userId, not both" };
    const msg = subjectProblem("userId", userId);
    return msg === undefined ? undefined : { code: "userIdWrong", msg };
  }
  if (roomId === undefined) return undefined;
  const ids: unknown[] = Array.isArray(roomId) ? roomId : [roomId];
  if (ids.length === 0 || ids.length > limits.roomsPerPush) {
    const msg = `a roomId list should name 1 to ${limits.roomsPerPush} rooms, got ${ids.length}`;
    return { code: "roomIdWrong", msg };
  }
  for (const id of ids) {
    const msg = roomIdProblem(id);
    if (msg === undefined) continue;
    return { code: typeof id === "string" && isReservedRoom(id) ? "roomIdReserved" : "roomIdWrong", msg };
  }
  return undefined;
}

function roomsOf({ roomId, userId }: Record<string, unknown>): string[] {
  if (userId !== undefined) return [userRoom(userId as string)];
  if (roomId === undefined) return [everyone];
  return [...new Set(Array.isArray(roomId) ? (roomId as string[]) : [roomId as string])];
}

const memberOf = (value: unknown, name: string) =>
  isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
