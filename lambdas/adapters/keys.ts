import { createHash } from "node:crypto";

// The whole key design of the three tables. Nothing outside the adapters knows what a key looks like.
//
//   table         key                                        row
//   Connections   connectionId                               one connection
//   Rooms         roomId, "room"                             epoch, seq, generation and holder of a room
//   Rooms         roomId, "member#<4 hex>#<session>"         one session's place in it
//   Rooms         roomId, "cursor#<subject>"                 where a subject stopped
//   Rooms         "@message/<messageId>", "push#<roomId>"    what is known of a message in one room
//   Messages      roomId, seq                                one kept message, or a number that was given up
//
// The hash in front of a session spreads a room evenly over its sort keys, so that ranges of it are of one size.

export const roomKey = (roomId: string) => ({ roomId, item: "room" });

const hashOf = (session: string) => createHash("sha256").update(session).digest("hex").slice(0, 4);
export const memberPrefix = "member#";
export const memberKey = (roomId: string, session: string) => ({
  roomId,
  item: `${memberPrefix}${hashOf(session)}#${session}`,
});
export const sessionOf = (item: string) => item.slice(memberPrefix.length + 5);

export const cursorKey = (roomId: string, subject: string) => ({ roomId, item: `cursor#${subject}` });

export const pushPrefix = "push#";
export const pushKey = (messageId: string, roomId: string) => ({
  roomId: `@message/${messageId}`,
  item: `${pushPrefix}${roomId}`,
});

const day = 24 * 60 * 60;
/** API Gateway ends a connection at 2 h; a row that is older is a ghost, whatever `$disconnect` did. */
export const connectionExpiry = (connectedAtMs: number) => Math.ceil(connectedAtMs / 1000) + 130 * 60;
/** The same id within a day is the same message. */
export const pushExpiry = (atMs: number) => Math.ceil(atMs / 1000) + day;
/** A room nobody used for so long loses its counters, and gets a new epoch: longer than any message is kept. */
export const roomExpiry = (nowMs: number) => Math.ceil(nowMs / 1000) + 30 * day;
