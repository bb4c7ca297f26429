import { forEachLimited } from "../../concurrency/for-each-limited.ts";
import { flatten } from "../../concurrency/pages.ts";
import { evict, tellClaimant } from "../../membership/evict.ts";
import type { Entry } from "../login-result.ts";
import { connectionGone } from "../login-result.ts";
import { takePlace } from "./admit.ts";
import { holderFor } from "./lease.ts";
import type { Enter } from "./policy.ts";

const evictionsAtOnce = 50;

/** `loginWhenLast`: gets in and puts everybody else out. */
export const enterLast: Enter = async (deps, roomId, caller, selfRead, begin): Promise<Entry> => {
  // This one write evicts, however many there are: places of older generations are void from now on.
  const [room, self] = await Promise.all([deps.rooms.takeOver(roomId, holderFor(deps, caller)), selfRead]);
  if (!self) {
    await deps.rooms.release(roomId, caller.connectionId);
    return connectionGone;
  }
  const { generation, holder: before } = room;
  const from = await begin(room);
  const connectionsWithPlace = new Set<string>();
  const others = async function* () {
    for await (const member of flatten(deps.members.pages(roomId))) {
      connectionsWithPlace.add(member.connectionId);
      if (member.session !== self.session && member.generation < generation) yield member;
    }
  };
  const [entry] = await Promise.all([
    // The session's own place of before is not void by its own login.
    takePlace(deps, roomId, self, { generation, holds: true, ownSince: generation - 1 }, from, room.seq),
    forEachLimited(others(), evictionsAtOnce, (member) => evict(deps, roomId, member, generation)),
  ]);
  // The holder of before may still be writing its place, which nobody would then evict.
  if (before && before.untilMs > deps.now() && before.connectionId !== self.connectionId) {
    const isTold = connectionsWithPlace.has(before.connectionId);
    if (!isTold) await tellClaimant(deps, roomId, before.connectionId, generation);
  }
  return entry;
};
