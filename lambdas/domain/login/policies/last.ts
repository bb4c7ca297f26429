import { forEachLimited } from "../../concurrency/for-each-limited.ts";
import { flatten } from "../../concurrency/pages.ts";
import { evict, notifyLeaseholder } from "../../membership/evict.ts";
import { admit } from "./admit.ts";
import { leaseFor } from "./lease.ts";
import type { LoginResult } from "./login-result.ts";
import { connectionGone } from "./login-result.ts";
import type { ApplyPolicy } from "./policy.ts";

const evictionConcurrency = 50;

/** `loginWhenLast`: always succeeds, and evicts all other members. */
export const whenLast: ApplyPolicy = async (deps, roomId, caller, selfRead, startPosition): Promise<LoginResult> => {
  // This one write evicts all members, however many: memberships of older generations are void from now on.
  const [room, self] = await Promise.all([deps.rooms.takeOver(roomId, leaseFor(deps, caller)), selfRead]);
  if (!self) {
    await deps.rooms.release(roomId, caller.connectionId);
    return connectionGone;
  }
  const { generation, lease: previous } = room;
  const from = await startPosition(room);
  const connectionsWithMembership = new Set<string>();
  const others = async function* () {
    for await (const member of flatten(deps.members.pages(roomId))) {
      connectionsWithMembership.add(member.connectionId);
      if (member.session !== self.session && member.generation < generation) yield member;
    }
  };
  const [result] = await Promise.all([
    // The session's own membership is not evicted by its own login.
    admit(deps, roomId, self, { generation, holdsLease: true, ownSince: generation - 1 }, from, room.seq),
    forEachLimited(others(), evictionConcurrency, (member) => evict(deps, roomId, member, generation)),
  ]);
  // The previous leaseholder may still be writing its membership, which the loop above has then not seen.
  if (previous && previous.expiresAtMs > deps.now() && previous.connectionId !== self.connectionId) {
    const wasNotified = connectionsWithMembership.has(previous.connectionId);
    if (!wasNotified) await notifyLeaseholder(deps, roomId, previous, generation);
  }
  return result;
};
