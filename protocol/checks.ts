import { isReservedEventName } from "./codes.ts";
import { describe, describeText, everyone, loginPolicies, ownRoom, roomIdProblem } from "./ids.ts";
import { limits } from "./limits.ts";

/** Why a field's value cannot be taken, or `undefined`. */
export type Check = (value: unknown) => string | undefined;
export interface Field {
  check: Check;
  optional?: true;
}
/** A field that may be absent. */
export const optional = (check: Check): Field => ({ check, optional: true });
/** One that has to be there. */
export const required = (check: Check): Field => ({ check });

/** @param maxChars as `length` counts them */
export const text =
  (name: string, maxChars: number): Check =>
  (value) =>
    typeof value === "string" && value !== "" && value.length <= maxChars
      ? // Half a character would be stored as something else than was sent.
        value.isWellFormed()
        ? undefined
        : `${name} ends or begins in the middle of a character`
      : `${name} should be a string of 1 to ${maxChars} characters, got ${describeText(value)}`;

export const flag =
  (name: string): Check =>
  (value) =>
    typeof value === "boolean" ? undefined : `${name} should be true or false, got ${describe(value)}`;

/** A number may be shown: it is no text of the page's. */
const describeNumber = (value: unknown) => (typeof value === "number" ? `${value}` : describe(value));

/** @param from and `to`: both may be */
export const wholeNumber =
  (name: string, from = 0, to: number = Number.MAX_SAFE_INTEGER): Check =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= from && (value as number) <= to
      ? undefined
      : `${name} should be a whole number from ${from}${to === Number.MAX_SAFE_INTEGER ? "" : ` to ${to}`}, got ${describeNumber(value)}`;

export const oneOf =
  (name: string, known: readonly unknown[]): Check =>
  (value) =>
    known.includes(value)
      ? undefined
      : `${name} should be one of ${known.join(", ")}, got ${typeof value === "string" ? "another string" : describeNumber(value)}`;

/** Any JSON. */
export const anything: Check = (value) =>
  value === undefined ? "data is missing; it may be any JSON, null included" : undefined;

export const policy = oneOf("type", loginPolicies);

/** One that a push or a publish may use. */
export const eventName: Check = (value) =>
  text("eventName", limits.eventNameChars)(value) ??
  (isReservedEventName(value as string)
    ? `eventName ${value} is reserved for Downlink's own notices, choose another`
    : undefined);

/** A room, or one of the two that everybody is in without logging in. */
export const roomOrOwn: Check = (value) => (value === everyone || value === ownRoom ? undefined : roomIdProblem(value));

/** A place in a log. */
export const position: Check = (value) =>
  isObject(value)
    ? fieldProblem(value, { epoch: required(text("epoch", limits.epochChars)), seq: required(wholeNumber("seq")) })
    : `expected {epoch, seq}, got ${describe(value)}`;

/** Where a login wants to go on. */
export const since: Check = (value) => {
  if (value === "last") return undefined;
  const problem = position(value);
  return problem && `since should be {epoch, seq} or "last": ${problem}`;
};

/** A list of objects with these fields, of which no two name the same room. */
export const roomList =
  (name: string, most: number, fields: Record<string, Field>): Check =>
  (value) => {
    const problem = list(name, most, fields)(value);
    if (problem !== undefined) return problem;
    const ids = new Set((value as { roomId: string }[]).map(({ roomId }) => roomId));
    return ids.size === (value as unknown[]).length ? undefined : `${name} names a room twice`;
  };

/** A list of objects with these fields. */
export const list =
  (name: string, most: number, fields: Record<string, Field>): Check =>
  (value) => {
    if (!Array.isArray(value)) return `${name} should be an array, got ${describe(value)}`;
    if (value.length > most) return `${name} has ${value.length} entries, allowed are ${most}`;
    for (const entry of value) {
      const problem = isObject(entry)
        ? fieldProblem(entry, fields)
        : `each should be an object, got ${describe(entry)}`;
      if (problem !== undefined) return `${name}: ${problem}`;
    }
    return undefined;
  };

/** The first thing that is wrong with an object's fields: unknown ones first, so that no typing error passes. */
export function fieldProblem(got: Record<string, unknown>, fields: Record<string, Field>): string | undefined {
  const extra = Object.keys(got).find((name) => !Object.hasOwn(fields, name));
  if (extra !== undefined) {
    return `unknown field ${JSON.stringify(extra.slice(0, 32))}, allowed are ${Object.keys(fields).join(", ") || "none"}`;
  }
  for (const [name, { check, optional }] of Object.entries(fields)) {
    if (optional && !Object.hasOwn(got, name)) continue;
    const problem = check(Object.hasOwn(got, name) ? got[name] : undefined);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Whether it is one of JSON: neither `null` nor a list. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
