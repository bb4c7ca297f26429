import { limits } from "./limits.ts";

/** Login policies: who stays when somebody logs in to a room that is not empty. The first is the default. */
export const loginPolicies = ["loginWhenFirst", "loginWhenLast", "loginWhenever"] as const;
export type LoginPolicy = (typeof loginPolicies)[number];

/** The room of everyone: every connection is in it without logging in. */
export const everyone = "@all";
/** How a connection names the room of its own subject. */
export const ownRoom = "@user";
const userPrefix = "@user/";
/** The room of one subject: every connection of that subject is in it without logging in. */
export const userRoom = (subject: string) => `${userPrefix}${subject}`;
/** Whose room it is; `undefined` for one that is nobody's own. */
export const subjectOf = (roomId: string): string | undefined =>
  roomId.startsWith(userPrefix) ? roomId.slice(userPrefix.length) : undefined;

const roomIdPattern = /^[A-Za-z0-9_\-=,.;:@]+$/;

/** Why `roomId` cannot be a room that pages log in to or services push to; `undefined` if it can. */
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

/** Only Downlink has rooms of such names: everyone's, each subject's, conversations. */
export const isReservedRoom = (roomId: string) => roomId.startsWith("@");

/** Why `subject` can be nobody's name; `undefined` if it can. `name` says in the message what was wrong. */
export function subjectProblem(name: string, subject: unknown): string | undefined {
  if (typeof subject !== "string") return `${name} should be a string, got ${describe(subject)}`;
  // Half a character would be stored as another one, and be somebody else's.
  if (!subject.isWellFormed()) return `${name} ends or begins in the middle of a character`;
  const bytes = new TextEncoder().encode(subject).length;
  if (bytes > 0 && bytes <= limits.subjectBytes) return undefined;
  return `${name} should have 1 to ${limits.subjectBytes} bytes as UTF-8, got ${bytes}`;
}

/** Names the kind of a JSON value for an error message, without showing the value. */
export function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** The same for what should be a text of a certain length. */
export const describeText = (value: unknown) =>
  typeof value === "string" ? `${value.length} characters` : describe(value);

/** The id of the conversation of two users, the same for both. */
export const conversationId = (one: string, other: string) => [one, other].sort().join("_");
const pairPrefix = "@pair/";
/** Its room. Unlike the id it cannot be met by two others, whatever characters the subjects have. */
export function conversationRoom(one: string, other: string): string {
  const [first = "", second = ""] = [one, other].sort();
  // The first one's length says where it ends; a separator would have to be escaped, and keys have a limit.
  return `${pairPrefix}${first.length}:${first}${second}`;
}
/** The two users of the conversation whose room this is; `undefined` for any other room. */
export function usersOfConversation(roomId: string): [string, string] | undefined {
  if (!roomId.startsWith(pairPrefix)) return undefined;
  const colon = roomId.indexOf(":");
  const second = colon + 1 + Number(roomId.slice(pairPrefix.length, colon));
  return [roomId.slice(colon + 1, second), roomId.slice(second)];
}
export const isConversationRoom = (roomId: string) => roomId.startsWith(pairPrefix);
