import { readAll } from "../../concurrency/pages.ts";
import type { Begin } from "../../log/start-position.ts";
import { evict, tellClaimant } from "../../membership/evict.ts";
import type { Connection } from "../../model/connection.ts";
import type { Deps } from "../../model/deps.ts";
import { isCurrent, type Member } from "../../model/member.ts";
import type { Room } from "../../model/room.ts";
import { connectionGone, type Entry, tooBusy } from "../login-result.ts";
import { takePlace } from "./admit.ts";
import { holderFor, pendingClaim } from "./lease.ts";
import type { Enter } from "./policy.ts";
import { isLive } from "./probe.ts";
import { resumePlace } from "./resume.ts";

const attempts = 5;

const askedAtOnce = 16;

/** `loginWhenFirst`: gets in only while nobody live is there; takes the place of those who are gone. */
export const enterFirst: Enter = async (deps, roomId, _caller, selfRead, begin): Promise<Entry> => {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const [room, self, members] = await Promise.all([
      deps.rooms.open(roomId),
      selfRead,
      readAll(deps.members.pages(roomId)),
    ]);
    if (!self) return connectionGone;
    const entry = await tryToEnter(deps, room, self, members, begin);
    if (entry !== "changed") return entry;
  }
  return tooBusy;
};

/** `changed`: somebody else moved in the room meanwhile, look again. */
async function tryToEnter(
  deps: Deps,
  room: Room,
  self: Connection,
  members: readonly Member[],
  begin: Begin,
): Promise<Entry | "changed"> {
  const { roomId } = room;
  // The subject too: whoever got hold of a stranger's session gets nothing by it.
  const isMine = (member: Member) => member.session === self.session && member.subject === self.subject;
  const mine = members.find((member) => isMine(member) && isCurrent(member, room));
  if (mine) return resumePlace(deps, room, self, mine);

  const others = members.filter((member) => !isMine(member));
  const inside = others.filter((member) => isCurrent(member, room));
  const claimant = pendingClaim(room, members, deps.now());
  const askedClaimant = claimant === self.connectionId ? undefined : claimant;
  if (await isAnyLive(deps, inside, askedClaimant)) return { kind: "occupied" };

  // Whoever lost a place by this must hear 2005, also when it comes back later: that takes a new generation.
  const takesOver = inside.length > 0 || askedClaimant !== undefined;
  const asked = new Set(inside.map(({ connectionId }) => connectionId));
  const isUnasked = (member: Member) => !isMine(member) && !asked.has(member.connectionId);
  if (takesOver && (await isAnyIn(deps, room, isUnasked))) return "changed";
  const generation = room.generation + (takesOver ? 1 : 0);
  const claimed = await deps.rooms.claim(room, holderFor(deps, self), generation);
  if (claimed === "changed") return "changed";

  const from = await begin(claimed);
  const [entry] = await Promise.all([
    takePlace(deps, roomId, self, { generation, holds: true, ownSince: generation }, from, claimed.seq),
    askedClaimant !== undefined && tellClaimant(deps, roomId, askedClaimant, generation),
    // Those who were asked, and who is left over from a take-over that died before its notices.
    ...others.map((member) => evict(deps, roomId, member, generation)),
  ]);
  return entry;
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
async function isAnyLive(deps: Deps, inside: readonly Member[], claimant: string | undefined): Promise<boolean> {
  if (claimant !== undefined && (await isLive(deps, claimant))) return true;
  for (let from = 0; from < inside.length; from += askedAtOnce) {
    const asked = inside.slice(from, from + askedAtOnce);
    const live = await Promise.all(asked.map(({ connectionId }) => isLive(deps, connectionId)));
    if (live.includes(true)) return true;
  }
  return false;
}
