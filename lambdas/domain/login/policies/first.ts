import type { Position } from "../../../../protocol/frames.ts";
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

/**
 * Resumes the session's membership if it has one. Otherwise probes the others, and acquires the lease if none is live.
 *
 * @returns `changed` if a concurrent login changed the room, so that it has to be read again
 */
async function tryToAcquire(
  deps: Deps,
  room: Room,
  self: Connection,
  members: readonly Member[],
  startPosition: StartPosition,
): Promise<LoginResult | "changed"> {
  // Compares the subject too, so that a stolen session is of no use to another user.
  const isMine = (member: Member) => member.session === self.session && member.subject === self.subject;
  const mine = members.find((member) => isMine(member) && isCurrent(member, room));
  if (mine) return resumeMembership(deps, room, self, mine);

  const others = members.filter((member) => !isMine(member));
  const present = others.filter((member) => isCurrent(member, room));
  const pending = pendingLease(room, members, deps.now());
  const leaseholder = pending?.connectionId === self.connectionId ? undefined : pending;
  if (await isAnyLive(deps, present, leaseholder)) return { kind: "occupied" };

  const takesOver = present.length > 0 || leaseholder !== undefined;
  const probed = new Set(present.map(({ connectionId }) => connectionId));
  const isUnprobed = (member: Member) => !isMine(member) && !probed.has(member.connectionId);
  if (takesOver && (await hasCurrentMember(deps, room, isUnprobed))) return "changed";
  // Evicted members must receive 2005, even if they return later. That takes a new generation.
  const generation = room.generation + (takesOver ? 1 : 0);
  const acquired = await deps.rooms.acquire(room, leaseFor(deps, self), generation);
  if (acquired === "changed") return "changed";
  return admitAndEvict(deps, acquired, self, { members: others, leaseholder }, await startPosition(acquired));
}

/** The members and the leaseholder that a login replaces. None of them is live. */
interface Replaced {
  /** Stale members, and memberships of older generations that an earlier login did not remove before it died. */
  members: readonly Member[];
  /** The connection that had the lease, and has not written its membership. */
  leaseholder: Lease | undefined;
}

/** @param room with the session's lease and generation */
async function admitAndEvict(
  deps: Deps,
  room: Room,
  self: Connection,
  { members, leaseholder }: Replaced,
  from: Position,
): Promise<LoginResult> {
  const { roomId, generation, seq } = room;
  const [result] = await Promise.all([
    admit(deps, roomId, self, { generation, holdsLease: true, ownSince: generation }, from, seq),
    leaseholder !== undefined && notifyLeaseholder(deps, roomId, leaseholder, generation),
    ...members.map((member) => evict(deps, roomId, member, generation)),
  ]);
  return result;
}

/**
 * Reads the members again, just before a take-over: a member that joined or returned since the first read would be
 * evicted without a probe. If a `loginWhenever` is counted after this read, `acquire` fails.
 */
async function hasCurrentMember(deps: Deps, room: Room, isMatch: (member: Member) => boolean): Promise<boolean> {
  const members = await readAll(deps.members.pages(room.roomId));
  return members.some((member) => isCurrent(member, room) && isMatch(member));
}

/** Probes the members and the leaseholder. It changes nothing: a silent member is evicted only if the lease is acquired. */
async function isAnyLive(deps: Deps, present: readonly Member[], leaseholder: Lease | undefined): Promise<boolean> {
  if (leaseholder !== undefined && (await isLive(deps, leaseholder))) return true;
  for (let from = 0; from < present.length; from += probeConcurrency) {
    const batch = present.slice(from, from + probeConcurrency);
    const live = await Promise.all(batch.map((member) => isLive(deps, member)));
    if (live.includes(true)) return true;
  }
  return false;
}
