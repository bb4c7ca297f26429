import { isReservedEventName } from "./codes.ts";
import { describe, describeText, everyone, loginPolicies, ownRoom, roomIdProblem } from "./ids.ts";
import { limits } from "./limits.ts";

/** Checks a field's value. @returns the reason why it is not valid, or `undefined` if it is */
export type Check = (value: unknown) => string | undefined;
export interface Field {
  check: Check;
  optional?: true;
}
export const optional = (check: Check): Field => ({ check, optional: true });
export const required = (check: Check): Field => ({ check });

/** A string that is not empty. @param maxChars in UTF-16 code units, as `length` counts them */
export const text =
  (name: string, maxChars: number): Check =>
  (value) =>
    typeof value === "string" && value !== "" && value.length <= maxChars
      ? // A lone surrogate would be stored as another character.
        value.isWellFormed()
        ? undefined
        : `${name} ends or begins in the middle of a character`
      : `${name} should be a string of 1 to ${maxChars} characters, got ${describeText(value)}`;

export const flag =
  (name: string): Check =>
  (value) =>
    typeof value === "boolean" ? undefined : `${name} should be true or false, got ${describe(value)}`;

/** Error texts may show numbers. They never show strings, which may be confidential. */
const describeNumber = (value: unknown) => (typeof value === "number" ? `${value}` : describe(value));

/** An integer between `from` and `to`, both included. */
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

/** Any JSON value, `null` included. */
export const anything: Check = (value) =>
  value === undefined ? "data is missing; it may be any JSON, null included" : undefined;

export const policy = oneOf("type", loginPolicies);

/** The event name of a push or a publish. */
export const eventName: Check = (value) =>
  text("eventName", limits.eventNameChars)(value) ??
  (isReservedEventName(value as string)
    ? `eventName ${value} is reserved for Downlink's own notices, choose another`
    : undefined);

/** An application room, `@all` or `@user`. */
export const roomOrOwn: Check = (value) => (value === everyone || value === ownRoom ? undefined : roomIdProblem(value));

/** A position in a log. */
export const position: Check = (value) =>
  isObject(value)
    ? fieldProblem(value, { epoch: required(text("epoch", limits.epochChars)), seq: required(wholeNumber("seq")) })
    : `expected {epoch, seq}, got ${describe(value)}`;

/** The `since` of a login: a position, or `last`. */
export const since: Check = (value) => {
  if (value === "last") return undefined;
  const problem = position(value);
  return problem && `since should be {epoch, seq} or "last": ${problem}`;
};

/** A list of at most `maxEntries` objects with these fields, each for another room. */
export const roomList =
  (name: string, maxEntries: number, fields: Record<string, Field>): Check =>
  (value) => {
    const problem = list(name, maxEntries, fields)(value);
    if (problem !== undefined) return problem;
    const ids = new Set((value as { roomId: string }[]).map(({ roomId }) => roomId));
    return ids.size === (value as unknown[]).length ? undefined : `${name} names a room twice`;
  };

/** A list of at most `maxEntries` objects with these fields. */
export const list =
  (name: string, maxEntries: number, fields: Record<string, Field>): Check =>
  (value) => {
    if (!Array.isArray(value)) return `${name} should be an array, got ${describe(value)}`;
    if (value.length > maxEntries) return `${name} has ${value.length} entries, allowed are ${maxEntries}`;
    for (const entry of value) {
      const problem = isObject(entry)
        ? fieldProblem(entry, fields)
        : `each should be an object, got ${describe(entry)}`;
      if (problem !== undefined) return `${name}: ${problem}`;
    }
    return undefined;
  };

/**
 * Checks an object's fields. Unknown fields are refused, so that a misspelled option is not ignored.
 *
 * @returns the first problem, unknown fields before the others; `undefined` if there is none
 */
export function fieldProblem(object: Record<string, unknown>, fields: Record<string, Field>): string | undefined {
  const extra = Object.keys(object).find((name) => !Object.hasOwn(fields, name));
  if (extra !== undefined) {
    return `unknown field ${JSON.stringify(extra.slice(0, 32))}, allowed are ${Object.keys(fields).join(", ") || "none"}`;
  }
  for (const [name, { check, optional }] of Object.entries(fields)) {
    if (optional && !Object.hasOwn(object, name)) continue;
    const problem = check(Object.hasOwn(object, name) ? object[name] : undefined);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Whether a value is a JSON object: neither `null` nor an array. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
