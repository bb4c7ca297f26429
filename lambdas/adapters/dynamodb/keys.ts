import { createHash } from "node:crypto";

// The whole key design of the three tables. Nothing outside the adapters knows what a key looks like.
//
//   table         key                                        row
//   Connections   connectionId                               one connection
//   Rooms         roomId, "room"                             epoch, seq, generation and holder of a room
//   Rooms         roomId, "member#<4 hex>#<session>"         one session's place in it
//   Rooms         "<roomId>/<subject>", "resume#<subject>"   where a subject stopped in a room
//   Rooms         roomId, "unacked#<4 hex>#<session>#…"         what a session is owed that has gone
//   Rooms         "@message/<messageId>", "push#<roomId>"    what is known of a message in one room; of one that may
//                                                            come twice, "push#" in its first room, whichever that is
//   Rooms         "@message/<messageId>", "task#<roomId>#…"  how far a part of that room has been posted to
//   Messages      roomId, seq                                one kept message, or a number that was given up
//
// The hash in front of a session spreads a room evenly over its sort keys, so that ranges of it are of one size.
//
// All under one `roomId` share the 1,000 writes and 3,000 reads a second of a partition until DynamoDB has split them, and
// one row does for ever. What need not be read together with a room therefore has a key of its own: everyone's cursors,
// under one, would meet there whenever many connections end.

export const roomKey = (roomId: string) => ({ roomId, item: "room" });

const hashOf = (session: string) => createHash("sha256").update(session).digest("hex").slice(0, 4);
const memberPrefix = "member#";
const unackedPrefix = "unacked#";
const hashes = 0x10000;
export const memberKey = (roomId: string, session: string) => ({
  roomId,
  item: `${memberPrefix}${hashOf(session)}#${session}`,
});
/** Whose place a sort key names. */
export const sessionOf = (item: string) => item.slice(memberPrefix.length + 5);
/** In the same part of the room as the session's place. */
export const unackedKey = (
  roomId: string,
  { session, epoch, after }: { session: string; epoch: string; after: number },
) => ({
  roomId,
  item: `${unackedPrefix}${hashOf(session)}#${session}#${epoch}#${after}`,
});

/** The first and the last sort key that a place may have, or one in this part of the room. */
export const memberItems = (part?: { index: number; of: number }) => itemsOf(memberPrefix, part);
/** The same of debts. */
export const unackedItems = (part?: { index: number; of: number }) => itemsOf(unackedPrefix, part);

function itemsOf(prefix: string, { index, of } = { index: 0, of: 1 }): [string, string] {
  const hex = (part: number) => Math.floor((part * hashes) / of);
  const item = (hash: number) => prefix + hash.toString(16).padStart(4, "0");
  // "$" follows "#", so that every session of the last hash is in front of it.
  return [item(hex(index)), `${item(hex(index + 1) - 1)}$`];
}
/** Which share of a room's places is in front of this one, as hashes spread evenly: above 0 and below 1. */
export const shareUpTo = (item: string) =>
  (Number.parseInt(item.slice(memberPrefix.length, memberPrefix.length + 4), 16) + 0.5) / hashes;

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
/** Room of a task's row; a task's id has no `#`. `undefined` for other rows. */
export const taskRoom = (item: string): string | undefined =>
  item.startsWith(taskPrefix) ? item.slice(taskPrefix.length, item.lastIndexOf("#")) : undefined;
