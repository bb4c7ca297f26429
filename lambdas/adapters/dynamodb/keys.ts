import { createHash } from "node:crypto";

// The keys of all tables. No other file builds or parses a key.
//
//   table         key                                                     row
//   Connections   connectionId                                            a connection; also its membership in @all
//   Rooms         roomId, "room"                                          a room: epoch, seq, generation, lease
//   Rooms         roomId, "member#<4 hex>#<session>"                      a membership
//   Rooms         "<roomId>/<subject>", "resume#<subject>"                a subject's resume point; in a user's own room also
//                                                                         "<subject>@reported" and "<subject>@exhausted"
//   Rooms         roomId, "unacked#<4 hex>#<session>#<epoch>#<after>"     an unacked range of a departed session
//   Rooms         "@message/<messageId>", "push#<roomId>"                 a push in one room; with an idempotent message
//                                                                         id, the row of its first room is "push#"
//   Rooms         "@message/<messageId>", "task#<roomId>#<taskId>"        progress of a fan-out task
//   Messages      roomId, seq                                             a log entry: a message or a tombstone
//
// The four hex digits are a hash of the session. They spread a room evenly over its sort keys, so that ranges of the sort key
// have about the same size.
//
// All rows with one `roomId` share the 1,000 writes and 3,000 reads a second of a partition until DynamoDB splits it; a single
// row always has these limits. Rows that are not read together with the room therefore have another `roomId`: resume points
// of everyone under one key would exceed the limit whenever many connections end.

export const roomKey = (roomId: string) => ({ roomId, item: "room" });

const hashOf = (session: string) => createHash("sha256").update(session).digest("hex").slice(0, 4);
const memberPrefix = "member#";
const unackedPrefix = "unacked#";
const hashCount = 0x10000;
export const memberKey = (roomId: string, session: string) => ({
  roomId,
  item: `${memberPrefix}${hashOf(session)}#${session}`,
});
/** The session of a member's sort key. */
export const sessionOf = (item: string) => item.slice(memberPrefix.length + 5);
/** It has the hash of the session's membership, so both are in the same part of the room. */
export const unackedKey = (
  roomId: string,
  { session, epoch, after }: { session: string; epoch: string; after: number },
) => ({
  roomId,
  item: `${unackedPrefix}${hashOf(session)}#${session}#${epoch}#${after}`,
});

/** The first and the last sort key of the room's members, or of one part of them. */
export const memberItems = (part?: { index: number; of: number }) => itemsOf(memberPrefix, part);
/** The same for unacked ranges. */
export const unackedItems = (part?: { index: number; of: number }) => itemsOf(unackedPrefix, part);

function itemsOf(prefix: string, { index, of } = { index: 0, of: 1 }): [string, string] {
  const hex = (part: number) => Math.floor((part * hashCount) / of);
  const item = (hash: number) => prefix + hash.toString(16).padStart(4, "0");
  // "$" follows "#" in ASCII, so it is after every session of the last hash.
  return [item(hex(index)), `${item(hex(index + 1) - 1)}$`];
}
/** The share of a room's members that sort before this one, estimated from its hash: above 0 and below 1. */
export const shareUpTo = (item: string) =>
  (Number.parseInt(item.slice(memberPrefix.length, memberPrefix.length + 4), 16) + 0.5) / hashCount;

export const resumePointKey = (roomId: string, subject: string) => ({
  roomId: `${roomId}/${subject}`,
  item: `resume#${subject}`,
});

export const pushPrefix = "push#";
export const pushKey = (messageId: string, roomId: string) => ({
  roomId: `@message/${messageId}`,
  item: `${pushPrefix}${roomId}`,
});

const taskPrefix = "task#";
export const taskKey = (messageId: string, roomId: string, taskId: string) => ({
  roomId: pushKey(messageId, roomId).roomId,
  item: `${taskPrefix}${roomId}#${taskId}`,
});
/** The room of a task's row; `undefined` for other rows. A task id contains no `#`. */
export const taskRoom = (item: string): string | undefined =>
  item.startsWith(taskPrefix) ? item.slice(taskPrefix.length, item.lastIndexOf("#")) : undefined;
