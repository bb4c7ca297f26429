import { anything, eventName, fieldProblem, isObject, oneOf, optional, required, wholeNumber } from "./checks.ts";
import { isReservedEventName, type PushCode } from "./codes.ts";
import { describe, describeText, everyone, isReservedRoom, roomIdProblem, subjectProblem, userRoom } from "./ids.ts";
import { limits } from "./limits.ts";
import { rawMember } from "./raw-json.ts";

/** A parsed `POST /push`. */
export interface PushRequest {
  /** Room ids as tables have them: `456`, `@user/ann` or `@all`. Without duplicates. */
  rooms: string[];
  eventName: string;
  /** JSON text of `data`, exactly as it was sent. */
  rawData: string;
  qos: 0 | 1;
  messageId?: string;
  ttlMs?: number;
  /** Subjects that do not receive the message. */
  exclude?: string[];
  /** Subject that receives a `delivered` frame for each delivery. */
  receiptTo?: string;
  waitFor?: WaitFor;
}
/** The response waits until this number of users have acknowledged, or until the time is over. */
export interface WaitFor {
  /** Counted per room. */
  acks: number;
  withinMs: number;
}
/** `wrapped`: the request used the `{ROOT:{BODY:…}}` envelope, and the response uses it as well. */
export type ParsedPush = { wrapped: boolean } & ({ ok: true; push: PushRequest } | { ok: false; refusal: PushRefusal });
/** Why a push is refused. */
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
const options = {
  qos: optional(oneOf("qos", [0, 1])),
  messageId: optional((value) =>
    typeof value === "string" && value.length <= limits.messageIdChars && messageIdPattern.test(value)
      ? undefined
      : `messageId should have 1 to ${limits.messageIdChars} letters, digits and _ - . : ~, got ${describeText(value)}`,
  ),
  ttl: optional(wholeNumber("ttl (seconds)", 1, limits.ttlSeconds)),
  receipt: optional((value) => subjectProblem("receipt (the userId that hears of deliveries)", value)),
  exclude: optional(excludeProblem),
  waitFor: optional((value) =>
    isObject(value) ? fieldProblem(value, waitForFields) : `waitFor should be {acks, withinMs}, got ${describe(value)}`,
  ),
};
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
    push: { rooms: roomsOf(body), eventName: body.eventName as string, rawData, ...optionsOf(body) },
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
      ? "exclude needs a room or everyone: userId names the one who gets it"
      : undefined) ??
    ["waitFor", "receipt"]
      .filter((name) => body.qos === 0 && body[name] !== undefined)
      .map((name) => `${name} needs qos 1: at qos 0 nobody acks`)[0];
  return problem === undefined ? undefined : { code: "optionWrong", msg: problem };
}

function optionsOf({ qos = 1, messageId, ttl, exclude, receipt, waitFor }: Record<string, unknown>) {
  return {
    qos: qos as 0 | 1,
    ...(messageId !== undefined && { messageId: messageId as string }),
    ...(ttl !== undefined && { ttlMs: (ttl as number) * 1000 }),
    ...(exclude !== undefined && { exclude: [...new Set(exclude as string[])] }),
    ...(receipt !== undefined && { receiptTo: receipt as string }),
    ...(waitFor !== undefined && { waitFor: waitFor as WaitFor }),
  };
}

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
