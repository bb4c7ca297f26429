import { estimate, type Glimpse } from "../model/room-size.ts";

/** A function looks at the cursors of so many in a second or two, and sends again what they lack in some minutes. */
const membersPerLook = 10_000;

const looksAtEveryone = 10;

/** Into how many looks one at the whole room is divided. */
export function looksFor(glimpse: Glimpse): number {
  const members = estimate(glimpse);
  return members === undefined ? looksAtEveryone : Math.max(1, Math.ceil(members / membersPerLook));
}
