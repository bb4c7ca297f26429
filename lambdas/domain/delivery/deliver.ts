import { limits } from "../../../protocol/limits.ts";
import { forEachLimited } from "../concurrency/for-each-limited.ts";
import type { MembershipDeps } from "../membership/end-membership.ts";
import { evict } from "../membership/evict.ts";
import { prune } from "../membership/prune.ts";
import type { Deps } from "../model/deps.ts";
import type { PostOutcome } from "../model/gateway.ts";
import { isCurrent, type Member } from "../model/member.ts";
import { noOutcomes, type Outcomes } from "../model/outcomes.ts";
import type { OutgoingMessage } from "../model/outgoing-message.ts";
import { isPolling } from "../model/polling.ts";
import type { Room } from "../model/room.ts";
import { post } from "../send/post.ts";
import type { RateLimiter } from "../send/rate-limiter.ts";

/**
 * The concurrent posts of one function, and the number of its HTTP connections. A post takes 10 to 40 ms, nearly all of it
 * waiting, so 400 of them can reach the account's 10,000 requests a second.
 */
export const postConcurrency = 400;

export type DeliverDeps = MembershipDeps & Pick<Deps, "connections" | "gateway" | "wait" | "random">;

/** The delivery to one member: the outcome of its last post, and how many of its frames were sent before it. */
export interface Delivery {
  outcome: PostOutcome | "waiting";
  sent: number;
}

/**
 * Posts one frame to all members. Evicted members get 2005 instead. A failure does not affect other members.
 *
 * @returns the outcomes, and the sessions to retry, which the outcomes do not count yet
 */
export async function deliver(
  deps: DeliverDeps,
  room: Pick<Room, "roomId" | "generation">,
  members: Iterable<Member> | AsyncIterable<Member>,
  outgoing: Pick<OutgoingMessage, "text" | "seq" | "excluded">,
): Promise<{ outcomes: Outcomes; retries: string[] }> {
  const { seq } = outgoing;
  const outcomes = noOutcomes();
  const retries: string[] = [];
  await forEachLimited(members, postConcurrency, async (member) => {
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
 * Posts a member's frames one after the other, up to the first that is not `sent`.
 *
 * @param seq of the first frame
 * @param limiter the caller has acquired it for the first post
 * @returns `undefined` if the member was evicted
 */
export async function deliverTo(
  deps: DeliverDeps,
  { roomId, generation }: Pick<Room, "roomId" | "generation">,
  member: Member,
  texts: readonly string[],
  seq?: number,
  limiter?: RateLimiter,
): Promise<Delivery | undefined> {
  if (!isCurrent(member, { generation })) {
    await evict(deps, roomId, member, generation);
    return undefined;
  }
  if (isDeferred(member, seq)) return { outcome: "waiting", sent: 0 };
  for (const [sent, text] of texts.entries()) {
    if (sent > 0) await limiter?.acquire();
    const outcome = await post(deps, member.connectionId, text, limiter);
    if (outcome === "gone") await prune(deps, roomId, member);
    if (outcome !== "sent") return { outcome, sent };
  }
  return { outcome: "sent", sent: texts.length };
}

/** Whether the message excludes the member. Outcomes do not count excluded members. */
export const isExcluded = (
  { subject }: Pick<Member, "subject">,
  { excluded }: Pick<OutgoingMessage, "excluded">,
): boolean => excluded?.subjects.includes(subject) === true;

/** The frames for the member. An excluded member gets only the message's number, if there is one. */
export function textsFor(
  member: Pick<Member, "subject">,
  outgoing: Pick<OutgoingMessage, "text" | "excluded">,
): string[] {
  if (!isExcluded(member, outgoing)) return [outgoing.text];
  return outgoing.excluded?.text === undefined ? [] : [outgoing.excluded.text];
}

/** Whether the message is not posted, and waits in the log until the member requests it. */
export const isDeferred = (member: Member, seq: number | undefined): boolean =>
  isPolling(member) || exceedsAckWindow(member, seq);

/**
 * Whether the post is retried later. `failed` always is. A `slow` member that acks is left to the redelivery, which sends
 * all of its messages in one frame.
 */
export const isRetried = ({ cursor }: Member, seq: number | undefined, { outcome }: Delivery): boolean =>
  outcome === "failed" || (outcome === "slow" && (cursor === undefined || seq === undefined));

/** The push status counts a frame that is too large as failed. The function's log has the reason. */
export const countedAs = ({ outcome }: Delivery): Exclude<Delivery["outcome"], "tooLarge"> =>
  outcome === "tooLarge" ? "failed" : outcome;

/** Whether the member's unacknowledged messages, with this one, exceed the ack window. */
const exceedsAckWindow = ({ cursor }: Member, seq: number | undefined): boolean =>
  seq !== undefined && cursor !== undefined && seq - cursor.seq > limits.unackedMessages;
