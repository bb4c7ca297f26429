import type { Delivery } from "../delivery/deliver.ts";
import { countedAs, isExcluded, isRetried, textsFor } from "../delivery/deliver.ts";
import type { FanOutTask, TaskProgress } from "../model/fan-out-task.ts";
import type { Member } from "../model/member.ts";
import type { Outcomes } from "../model/outcomes.ts";
import { serializeRedelivery } from "../wire/redelivery-frame.ts";
import { isLastRetry } from "./enqueue.ts";

/** One message of a batch, with the progress of its task. */
export interface BatchedMessage {
  task: FanOutTask;
  outcomes: Outcomes;
  retryTaskCount: number;
  /** Sessions whose posts are retried. No retry task has been enqueued for them yet. */
  retries: string[];
}

/** Messages of one room that a worker posts together, ordered by `seq`. */
export interface Batch {
  messages: readonly BatchedMessage[];
  /** All messages in one frame, for members that acknowledge. Absent if there is only one message. */
  frame?: string;
}

/** A message of a batch that continues the recorded progress of its task. */
export const batchedMessage = (task: FanOutTask, { outcomes, retryTaskCount = 0 }: TaskProgress): BatchedMessage => ({
  task,
  outcomes: { ...outcomes },
  retryTaskCount,
  retries: [],
});

/**
 * Makes a batch of messages. Its common frame has the form of a redelivery, which every client that acknowledges knows.
 *
 * @param epoch that of all messages
 */
export function batchOf(messages: readonly BatchedMessage[], epoch: string): Batch {
  const [first] = messages;
  if (!first || messages.length === 1) return { messages };
  const texts = messages.map(({ task }) => task.text);
  return { messages, frame: serializeRedelivery(first.task.roomId, epoch, texts) };
}

/** One post to one member, and the messages in it. */
export interface BatchPost {
  text: string;
  messages: readonly BatchedMessage[];
}

/** The posts of a batch to one member, in this order. */
export function postsFor(member: Member, { messages, frame }: Batch): BatchPost[] {
  const isForMember = !messages.some(({ task }) => isExcluded(member, task));
  if (frame !== undefined && member.acks && isForMember) return [{ text: frame, messages }];
  return messages.flatMap((message) => textsFor(member, message.task).map((text) => ({ text, messages: [message] })));
}

/**
 * Counts the outcome for one member in each message of the batch. Each member is counted once per message:
 *
 * | member | counted |
 * | --- | --- |
 * | its posts are retried | by its last retry |
 * | excluded, or has the message already | never |
 * | other | now |
 *
 * @param posts all posts that were intended, in order; `delivery.sent` of them were sent
 */
export function countOutcome(
  member: Member,
  { messages }: Batch,
  posts: readonly BatchPost[],
  delivery: Delivery,
): void {
  const sent = new Set(posts.slice(0, delivery.sent).flatMap((post) => post.messages));
  for (const message of messages) {
    if (!posts.some((post) => post.messages.includes(message))) continue;
    const isRetry = !sent.has(message) && isRetried(member, message.task.seq, delivery);
    if (isRetry) message.retries.push(member.session);
    if (isExcluded(member, message.task) || (isRetry && !isLastRetry(message.task))) continue;
    message.outcomes.members += 1;
    message.outcomes[sent.has(message) ? "sent" : countedAs(delivery)] += 1;
  }
}
