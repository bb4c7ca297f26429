import { estimate, type RoomSize } from "../model/room-size.ts";

/** A function looks at the cursors of so many in a second or two, and sends again what they lack in some minutes. */
const membersPerCheck = 10_000;

const checksOfEveryone = 10;

/** Into how many looks one at the whole room is divided. */
export function checksFor(roomSize: RoomSize): number {
  const members = estimate(roomSize);
  return members === undefined ? checksOfEveryone : Math.max(1, Math.ceil(members / membersPerCheck));
}
