import { limits } from "./limits.ts";

/**
 * Login policies: the effect of a login to a room with members. The first is the default.
 *
 * | policy | effect |
 * | --- | --- |
 * | `loginWhenFirst` | The login is refused while another session is a member. |
 * | `loginWhenLast` | The login succeeds and evicts the members. |
 * | `loginWhenever` | The login succeeds and the members stay. |
 */
export const loginPolicies = ["loginWhenFirst", "loginWhenLast", "loginWhenever"] as const;
export type LoginPolicy = (typeof loginPolicies)[number];

/** The room of everyone. Every connection is a member without a login. */
export const everyone = "@all";
/** The room of the connection's own subject, as it is named on the wire. */
export const ownRoom = "@user";
const userPrefix = "@user/";
/** The room of one subject, as tables have it. Every connection of the subject is a member without a login. */
export const userRoom = (subject: string) => `${userPrefix}${subject}`;
/** The subject of a user's own room; `undefined` for other rooms. */
export const subjectOf = (roomId: string): string | undefined =>
  roomId.startsWith(userPrefix) ? roomId.slice(userPrefix.length) : undefined;

const roomIdPattern = /^[A-Za-z0-9_\-=,.;:@]+$/;

/** Checks an application room's id. @returns the reason why it is not valid, or `undefined` */
export function roomIdProblem(roomId: unknown): string | undefined {
  if (typeof roomId !== "string") return `roomId should be a string, got ${describe(roomId)}`;
  if (roomId === "") return "roomId is empty";
  if (roomId.length > limits.roomIdChars) {
    return `roomId has ${roomId.length} characters, allowed are ${limits.roomIdChars}`;
  }
  if (isReservedRoom(roomId)) return `roomId ${roomId} is reserved: names that start with @ belong to Downlink`;
  if (!roomIdPattern.test(roomId)) return "roomId may hold letters, digits and _ - = , . ; : @ only";
  return undefined;
}

/** Whether a room id is reserved: `@all`, users' own rooms and conversations. */
export const isReservedRoom = (roomId: string) => roomId.startsWith("@");

/**
 * Checks a subject.
 *
 * @param name of the field, for the error text
 * @returns the reason why the subject is not valid, or `undefined`
 */
export function subjectProblem(name: string, subject: unknown): string | undefined {
  if (typeof subject !== "string") return `${name} should be a string, got ${describe(subject)}`;
  // A lone surrogate would be stored as another character, and so address another subject.
  if (!subject.isWellFormed()) return `${name} ends or begins in the middle of a character`;
  const bytes = new TextEncoder().encode(subject).length;
  if (bytes > 0 && bytes <= limits.subjectBytes) return undefined;
  return `${name} should have 1 to ${limits.subjectBytes} bytes as UTF-8, got ${bytes}`;
}

/** The kind of a JSON value for an error text. The value itself is not shown. */
export function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** The same for a field that should be a string: its length, or the kind of another value. */
export const describeText = (value: unknown) =>
  typeof value === "string" ? `${value.length} characters` : describe(value);

/** The id of the conversation of two subjects on the wire, the same for both. */
export const conversationId = (subject: string, other: string) => [subject, other].sort().join("_");
const pairPrefix = "@pair/";
/** The room of the conversation, as tables have it. Unlike the id, it is unique whatever characters the subjects have. */
export function conversationRoom(subject: string, other: string): string {
  const [first = "", second = ""] = [subject, other].sort();
  // The length delimits the first subject. A separator would have to be escaped, and keys have a maximum length.
  return `${pairPrefix}${first.length}:${first}${second}`;
}
/** The two subjects of a conversation's room; `undefined` for other rooms. */
export function subjectsOfConversation(roomId: string): [string, string] | undefined {
  if (!roomId.startsWith(pairPrefix)) return undefined;
  const colon = roomId.indexOf(":");
  const second = colon + 1 + Number(roomId.slice(pairPrefix.length, colon));
  return [roomId.slice(colon + 1, second), roomId.slice(second)];
}
export const isConversationRoom = (roomId: string) => roomId.startsWith(pairPrefix);
