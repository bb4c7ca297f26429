import { limits } from "../../../protocol/limits.ts";
import { forEachLimited } from "../concurrency/for-each-limited.ts";
import { flatten } from "../concurrency/pages.ts";
import type { MembershipDeps } from "../membership/end-membership.ts";
import { evict } from "../membership/evict.ts";
import { prune } from "../membership/prune.ts";
import type { Deps } from "../model/deps.ts";
import type { PostOutcome } from "../model/gateway.ts";
import { isCurrent, isPolling, type Member } from "../model/member.ts";
import type { Outcomes } from "../model/outcomes.ts";
import { noOutcomes } from "../model/outcomes.ts";
import type { OutgoingMessage } from "../model/outgoing-message.ts";
import type { Room } from "../model/room.ts";
import { post } from "../send/post.ts";
import { type RateLimiter, unlimited } from "../send/rate-limiter.ts";

/**
 * As many as the adapter keeps lines for. A post takes 10 to 40 ms of which nearly all is waiting, so that one function
 * needs so many under way to use up the account's 10,000 requests a second.
 */
export const postConcurrency = 400;

export type DeliverDeps = MembershipDeps & Pick<Deps, "connections" | "gateway" | "wait" | "random">;

/** What became of one member: how its last post ended, and how many of its frames were sent before. */
export interface Delivery {
  outcome: PostOutcome | "waiting";
  sent: number;
}

/**
 * Posts one frame to all members but the evicted, who are told that. One that fails changes nothing for another.
 *
 * @returns what became of them, and the sessions that are to be tried again, which are not counted yet
 */
export async function deliver(
  deps: DeliverDeps,
  room: Pick<Room, "roomId" | "generation">,
  members: AsyncIterable<Member[]>,
  outgoing: Pick<OutgoingMessage, "text" | "seq" | "excluded">,
): Promise<{ outcomes: Outcomes; retries: string[] }> {
  const { seq } = outgoing;
  const outcomes = noOutcomes();
  const retries: string[] = [];
  await forEachLimited(flatten(members), postConcurrency, async (member) => {
    const delivery = await deliverTo(deps, room, member, textsFor(member, outgoing), seq);
    if (!delivery) return;
    if (isRetried(member, seq, delivery)) {
      retries.push(member.session);
      return;
    }
    if (isExcluded(member, outgoing)) return;
    outcomes.members += 1;
    outcomes[countedAs(delivery)] += 1;
  });
  return { outcomes, retries };
}

/**
 * Posts a member's frames, one after the other, up to the first that is not taken.
 *
 * @param seq of the first of them
 * @param pace the turn of the first post is the caller's to take
 * @returns `undefined` if the member was evicted
 */
export async function deliverTo(
  deps: DeliverDeps,
  { roomId, generation }: Pick<Room, "roomId" | "generation">,
  member: Member,
  texts: readonly string[],
  seq?: number,
  limiter: RateLimiter = unlimited,
): Promise<Delivery | undefined> {
  if (!isCurrent(member, { generation })) {
    await evict(deps, roomId, member, generation);
    return undefined;
  }
  if (isDeferred(member, seq)) return { outcome: "waiting", sent: 0 };
  for (const [sent, text] of texts.entries()) {
    if (sent > 0) await limiter.acquire();
    const outcome = await post(deps, member.connectionId, text, limiter);
    if (outcome === "gone") await prune(deps, roomId, member);
    if (outcome !== "sent") return { outcome, sent };
  }
  return { outcome: "sent", sent: texts.length };
}

/** Whether the message is not for the member, who is counted nowhere then. */
export const isExcluded = (
  { subject }: Pick<Member, "subject">,
  { excluded }: Pick<OutgoingMessage, "excluded">,
): boolean => excluded?.subjects.includes(subject) === true;

/** What of the message is posted to the member; whoever is excepted gets only its number, if it has one. */
export function textsFor(
  member: Pick<Member, "subject">,
  outgoing: Pick<OutgoingMessage, "text" | "excluded">,
): string[] {
  if (!isExcluded(member, outgoing)) return [outgoing.text];
  return outgoing.excluded?.text === undefined ? [] : [outgoing.excluded.text];
}

/** Whether the message waits in the log until the member asks for it. */
export const isDeferred = (member: Member, seq: number | undefined): boolean =>
  isPolling(member) || exceedsAckWindow(member, seq);

/**
 * Whether a post is to be tried once more later. What certainly did not arrive is; a slow reader who acks is left to
 * the redelivery, which sends it everything at once.
 */
export const isRetried = ({ cursor }: Member, seq: number | undefined, { outcome }: Delivery): boolean =>
  outcome === "failed" || (outcome === "slow" && (cursor === undefined || seq === undefined));

/** Whoever asks what became of a push hears that it did not arrive; that it was too large is in the log. */
export const countedAs = ({ outcome }: Delivery): Exclude<Delivery["outcome"], "tooLarge"> =>
  outcome === "tooLarge" ? "failed" : outcome;

/** So much is under way to the member that more waits in the log until it acks. */
const exceedsAckWindow = ({ cursor }: Member, seq: number | undefined): boolean =>
  seq !== undefined && cursor !== undefined && seq - cursor.seq > limits.unackedMessages;
