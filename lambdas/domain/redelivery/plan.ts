import { estimate, type RoomSize } from "../model/room-size.ts";

/** One function compares 10,000 cursors in a second or two, and redelivers to 10,000 members in some minutes. */
const membersPerCheck = 10_000;

/** The number of connections is unknown without counting them. */
const checksOfEveryone = 10;

/** The number of parts that a check of a whole room is divided into. */
export function checksFor(roomSize: RoomSize): number {
  const members = estimate(roomSize);
  return members === undefined ? checksOfEveryone : Math.max(1, Math.ceil(members / membersPerCheck));
}
