import { frameCodes } from "./codes.ts";
import type { Action, ClientFrame, FrameOf, Ref, ServerFrame } from "./frames.ts";
import { describe, describeText, loginPolicies, roomIdProblem } from "./ids.ts";
import { limits } from "./limits.ts";

export type Refused = Extract<ServerFrame, { type: "refused" }>;

/** Why the field's value cannot be taken, or `undefined`. */
type Check = (value: unknown) => string | undefined;
interface Field {
  check: Check;
  optional?: true;
}
type Fields<A extends Action> = Record<Exclude<keyof FrameOf<A>, "action" | "ref">, Field>;

const text =
  (name: string, maxChars: number): Check =>
  (value) =>
    typeof value === "string" && value !== "" && value.length <= maxChars
      ? undefined
      : `${name} should be a string of 1 to ${maxChars} characters, got ${describeText(value)}`;
const flag =
  (name: string): Check =>
  (value) =>
    typeof value === "boolean" ? undefined : `${name} should be true or false, got ${describe(value)}`;
const wholeNumber =
  (name: string): Check =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= 0
      ? undefined
      : `${name} should be a whole number from 0, got ${typeof value === "number" ? value : describe(value)}`;
const policy: Check = (value) =>
  loginPolicies.some((known) => known === value)
    ? undefined
    : `type should be one of ${loginPolicies.join(", ")}, got ${typeof value === "string" ? "another string" : describe(value)}`;

const roomToRestore: Record<string, Field> = {
  roomId: { check: roomIdProblem },
  type: { check: policy, optional: true },
  generation: { check: wholeNumber("generation"), optional: true },
};
const roomsToRestore: Check = (value) => {
  if (!Array.isArray(value)) return `rooms should be an array, got ${describe(value)}`;
  if (value.length > limits.roomsPerHello) {
    return `rooms has ${value.length} entries, allowed are ${limits.roomsPerHello}`;
  }
  for (const room of value) {
    const problem = isObject(room)
      ? fieldProblem(room, roomToRestore)
      : `each should be an object, got ${describe(room)}`;
    if (problem !== undefined) return `rooms: ${problem}`;
  }
  const ids = new Set(value.map(({ roomId }) => roomId));
  return ids.size === value.length ? undefined : "rooms names a room twice";
};

// A frame that is missing here does not compile.
const fieldsOf: { [A in Action]: Fields<A> } = {
  hello: {
    session: { check: text("session", limits.sessionChars), optional: true },
    rooms: { check: roomsToRestore, optional: true },
    probe: { check: flag("probe"), optional: true },
  },
  loginRoom: { roomId: { check: roomIdProblem }, type: { check: policy, optional: true } },
  leaveRoom: { roomId: { check: roomIdProblem } },
  here: { nonce: { check: text("nonce", limits.nonceChars) } },
  heartbeat: {},
};

/** Reads one frame of a client. Strict: what is unknown or extra is refused, so that no typing error passes in silence. */
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
      : fieldProblem(fields, fieldsOf[action as Action]);
  return problem === undefined ? (frame as ClientFrame) : refused(frameCodes.badFields, `${action}: ${problem}`, ref);
}

function fieldProblem(got: Record<string, unknown>, fields: Record<string, Field>): string | undefined {
  const extra = Object.keys(got).find((name) => !Object.hasOwn(fields, name));
  if (extra !== undefined) {
    return `unknown field ${JSON.stringify(extra.slice(0, 32))}, allowed are ${Object.keys(fields).join(", ") || "none"}`;
  }
  for (const [name, { check, optional }] of Object.entries(fields)) {
    if (optional && !Object.hasOwn(got, name)) continue;
    const problem = check(got[name]);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

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

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
