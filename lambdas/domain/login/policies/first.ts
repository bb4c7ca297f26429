import { readAll } from "../../concurrency/pages.ts";
import type { StartPosition } from "../../log/start-position.ts";
import { evict, notifyLeaseholder } from "../../membership/evict.ts";
import type { Connection } from "../../model/connection.ts";
import type { Deps } from "../../model/deps.ts";
import { isCurrent, type Member } from "../../model/member.ts";
import type { Lease, Room } from "../../model/room.ts";
import { admit } from "./admit.ts";
import { leaseFor, pendingLease } from "./lease.ts";
import { connectionGone, type LoginResult, tooBusy } from "./login-result.ts";
import type { ApplyPolicy } from "./policy.ts";
import { isLive } from "./probe.ts";
import { resumeMembership } from "./resume.ts";

const attempts = 5;
const probeConcurrency = 16;

/** `loginWhenFirst`: succeeds only if no live member is present. Stale members are evicted. */
export const whenFirst: ApplyPolicy = async (deps, roomId, _caller, selfRead, startPosition): Promise<LoginResult> => {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const [room, self, members] = await Promise.all([
      deps.rooms.open(roomId),
      selfRead,
      readAll(deps.members.pages(roomId)),
    ]);
    if (!self) return connectionGone;
    const result = await tryToAcquire(deps, room, self, members, startPosition);
    if (result !== "changed") return result;
  }
  return tooBusy;
};

/** @returns `changed` if a concurrent login changed the room, so that it has to be read again */
async function tryToAcquire(
  deps: Deps,
  room: Room,
  self: Connection,
  members: readonly Member[],
  startPosition: StartPosition,
): Promise<LoginResult | "changed"> {
  const { roomId } = room;
  // Compares the subject too, so that a stolen session is of no use to another user.
  const isMine = (member: Member) => member.session === self.session && member.subject === self.subject;
  const mine = members.find((member) => isMine(member) && isCurrent(member, room));
  if (mine) return resumeMembership(deps, room, self, mine);

  const others = members.filter((member) => !isMine(member));
  const present = others.filter((member) => isCurrent(member, room));
  const leaseholder = pendingLease(room, members, deps.now());
  const probedLeaseholder = leaseholder?.connectionId === self.connectionId ? undefined : leaseholder;
  if (await isAnyLive(deps, present, probedLeaseholder)) return { kind: "occupied" };

  // Evicted members must receive 2005, even if they return later. That takes a new generation.
  const takesOver = present.length > 0 || probedLeaseholder !== undefined;
  const probed = new Set(present.map(({ connectionId }) => connectionId));
  const isUnprobed = (member: Member) => !isMine(member) && !probed.has(member.connectionId);
  if (takesOver && (await hasCurrentMember(deps, room, isUnprobed))) return "changed";
  const generation = room.generation + (takesOver ? 1 : 0);
  const acquired = await deps.rooms.acquire(room, leaseFor(deps, self), generation);
  if (acquired === "changed") return "changed";

  const from = await startPosition(acquired);
  const [result] = await Promise.all([
    admit(deps, roomId, self, { generation, holdsLease: true, ownSince: generation }, from, acquired.seq),
    probedLeaseholder !== undefined && notifyLeaseholder(deps, roomId, probedLeaseholder, generation),
    // The stale members, and void ones that an earlier take-over left behind when it died.
    ...others.map((member) => evict(deps, roomId, member, generation)),
  ]);
  return result;
}

/**
 * Reads the members once more, just before a take-over: a member that joined or returned since the first read would be
 * evicted without a probe. A `loginWhenever` that is counted later makes the lease fail.
 */
async function hasCurrentMember(deps: Deps, room: Room, isMatch: (member: Member) => boolean): Promise<boolean> {
  const members = await readAll(deps.members.pages(room.roomId));
  return members.some((member) => isCurrent(member, room) && isMatch(member));
}

/** Probes the members. It changes nothing: a silent member is evicted only if the lease is acquired later. */
async function isAnyLive(deps: Deps, present: readonly Member[], leaseholder: Lease | undefined): Promise<boolean> {
  if (leaseholder !== undefined && (await isLive(deps, leaseholder))) return true;
  for (let from = 0; from < present.length; from += probeConcurrency) {
    const batch = present.slice(from, from + probeConcurrency);
    const live = await Promise.all(batch.map((member) => isLive(deps, member)));
    if (live.includes(true)) return true;
  }
  return false;
}
