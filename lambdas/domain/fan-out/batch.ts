import type { Delivery } from "../delivery/deliver.ts";
import { countedAs, isExcluded, isRetried, textsFor } from "../delivery/deliver.ts";
import type { FanOutTask, TaskProgress } from "../model/fan-out-task.ts";
import type { Member } from "../model/member.ts";
import type { Outcomes } from "../model/outcomes.ts";
import { serializeRedelivery } from "../wire/redelivery-frame.ts";
import { isLastRetry } from "./enqueue.ts";

/** One message that is carried to members. */
export interface BatchedMessage {
  task: FanOutTask;
  outcomes: Outcomes;
  retryTaskCount: number;
  /** Sessions whose posts are to be tried again. */
  retries: string[];
}

/** Messages of one room that go the same way at the same time, in the order of their numbers. */
export interface Batch {
  messages: readonly BatchedMessage[];
  /** All of them, for whoever acks; absent if there is one only. */
  frame?: string;
}

/** Goes on counting where the books stand. */
export const batchedMessage = (task: FanOutTask, { outcomes, retryTaskCount = 0 }: TaskProgress): BatchedMessage => ({
  task,
  outcomes: { ...outcomes },
  retryTaskCount,
  retries: [],
});

/** @param epoch of the messages' numbers */
export function batchOf(messages: readonly BatchedMessage[], epoch: string): Batch {
  const [first] = messages;
  if (!first || messages.length === 1) return { messages };
  // As a redelivery, which every client that acks knows.
  const texts = messages.map(({ task }) => task.text);
  return { messages, frame: serializeRedelivery(first.task.roomId, epoch, texts) };
}

/** One post, and the messages that are in it. */
interface BatchPost {
  text: string;
  messages: readonly BatchedMessage[];
}

/** What is posted to the member, one after the other. */
export function postsFor(member: Member, { messages, frame }: Batch): BatchPost[] {
  const isWhole = !messages.some(({ task }) => isExcluded(member, task));
  if (frame !== undefined && member.acks && isWhole) return [{ text: frame, messages }];
  return messages.flatMap((one) => textsFor(member, one.task).map((text) => ({ text, messages: [one] })));
}

/**
 * Counts what became of a member. Whoever is tried again is counted where that ends: nobody is counted twice. Whoever has
 * a message already, or is excepted from it, is not counted at all.
 *
 * @param pieces what was to be posted to it
 */
export function countOutcome(
  member: Member,
  { messages }: Batch,
  posts: readonly BatchPost[],
  delivery: Delivery,
): void {
  const { sent } = delivery;
  const arrived = new Set(posts.slice(0, sent).flatMap((post) => post.messages));
  for (const one of messages) {
    if (!posts.some((post) => post.messages.includes(one))) continue;
    const isRetry = !arrived.has(one) && isRetried(member, one.task.seq, delivery);
    if (isRetry) one.retries.push(member.session);
    if (isExcluded(member, one.task) || (isRetry && !isLastRetry(one.task))) continue;
    one.outcomes.members += 1;
    one.outcomes[arrived.has(one) ? "sent" : countedAs(delivery)] += 1;
  }
}
