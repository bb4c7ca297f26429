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

/** `loginWhenFirst`: gets in only while nobody live is there; takes the place of those who are gone. */
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

/** `changed`: somebody else moved in the room meanwhile, look again. */
async function tryToAcquire(
  deps: Deps,
  room: Room,
  self: Connection,
  members: readonly Member[],
  startPosition: StartPosition,
): Promise<LoginResult | "changed"> {
  const { roomId } = room;
  // The subject too: whoever got hold of a stranger's session gets nothing by it.
  const isMine = (member: Member) => member.session === self.session && member.subject === self.subject;
  const mine = members.find((member) => isMine(member) && isCurrent(member, room));
  if (mine) return resumeMembership(deps, room, self, mine);

  const others = members.filter((member) => !isMine(member));
  const inside = others.filter((member) => isCurrent(member, room));
  const leaseholder = pendingLease(room, members, deps.now());
  const probedLeaseholder = leaseholder?.connectionId === self.connectionId ? undefined : leaseholder;
  if (await isAnyLive(deps, inside, probedLeaseholder)) return { kind: "occupied" };

  // Whoever lost a place by this must hear 2005, also when it comes back later: that takes a new generation.
  const takesOver = inside.length > 0 || probedLeaseholder !== undefined;
  const asked = new Set(inside.map(({ connectionId }) => connectionId));
  const isUnasked = (member: Member) => !isMine(member) && !asked.has(member.connectionId);
  if (takesOver && (await isAnyIn(deps, room, isUnasked))) return "changed";
  const generation = room.generation + (takesOver ? 1 : 0);
  const acquired = await deps.rooms.acquire(room, leaseFor(deps, self), generation);
  if (acquired === "changed") return "changed";

  const from = await startPosition(acquired);
  const [result] = await Promise.all([
    admit(deps, roomId, self, { generation, holdsLease: true, ownSince: generation }, from, acquired.seq),
    probedLeaseholder !== undefined && notifyLeaseholder(deps, roomId, probedLeaseholder, generation),
    // Those who were asked, and who is left over from a take-over that died before its notices.
    ...others.map((member) => evict(deps, roomId, member, generation)),
  ]);
  return result;
}

/**
 * Whether somebody is in whom nobody has asked: they came in, or back, behind the first look. A new generation would put
 * them out unseen: those whose entry was counted before the room was read show here, those after it make the claim fail.
 */
async function isAnyIn(deps: Deps, room: Room, isUnasked: (member: Member) => boolean): Promise<boolean> {
  const members = await readAll(deps.members.pages(room.roomId));
  return members.some((member) => isCurrent(member, room) && isUnasked(member));
}

/**
 * Asks everybody who seems to be in. Nobody loses a place by not answering: only the claim, which may fail, takes it.
 */
async function isAnyLive(deps: Deps, inside: readonly Member[], leaseholder: Lease | undefined): Promise<boolean> {
  if (leaseholder !== undefined && (await isLive(deps, leaseholder))) return true;
  for (let from = 0; from < inside.length; from += probeConcurrency) {
    const asked = inside.slice(from, from + probeConcurrency);
    const live = await Promise.all(asked.map((member) => isLive(deps, member)));
    if (live.includes(true)) return true;
  }
  return false;
}
