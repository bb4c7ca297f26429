import type { Delivery } from "../delivery/deliver.ts";
import { countedAs, isExcepted, isTriedAgain, textsFor } from "../delivery/deliver.ts";
import type { FanOutTask, TaskNote } from "../model/fan-out-task.ts";
import type { Member } from "../model/member.ts";
import type { Outcomes } from "../model/push-record.ts";
import { redeliveredText } from "../wire/redelivery-frame.ts";
import { isLastTry } from "./enqueue.ts";

/** One message that is carried to members. */
export interface Carried {
  task: FanOutTask;
  outcomes: Outcomes;
  handedBack: number;
  /** Sessions whose posts are to be tried again. */
  again: string[];
}

/** Messages of one room that go the same way at the same time, in the order of their numbers. */
export interface Load {
  carried: readonly Carried[];
  /** All of them, for whoever acks; absent if there is one only. */
  frame?: string;
}

/** Goes on counting where the books stand. */
export const carry = (task: FanOutTask, { outcomes, handedBack = 0 }: TaskNote): Carried => ({
  task,
  outcomes: { ...outcomes },
  handedBack,
  again: [],
});

/** @param epoch of the messages' numbers */
export function loadOf(carried: readonly Carried[], epoch: string): Load {
  const [first] = carried;
  if (!first || carried.length === 1) return { carried };
  // As a redelivery, which every client that acks knows.
  const texts = carried.map(({ task }) => task.text);
  return { carried, frame: redeliveredText(first.task.roomId, epoch, texts) };
}

/** One post, and the messages that are in it. */
interface Piece {
  text: string;
  carried: readonly Carried[];
}

/** What is posted to the member, one after the other. */
export function piecesFor(member: Member, { carried, frame }: Load): Piece[] {
  const isWhole = !carried.some(({ task }) => isExcepted(member, task));
  if (frame !== undefined && member.acks && isWhole) return [{ text: frame, carried }];
  return carried.flatMap((one) => textsFor(member, one.task).map((text) => ({ text, carried: [one] })));
}

/**
 * Counts what became of a member. Whoever is tried again is counted where that ends: nobody is counted twice. Whoever has
 * a message already, or is excepted from it, is not counted at all.
 *
 * @param pieces what was to be posted to it
 */
export function count(member: Member, { carried }: Load, pieces: readonly Piece[], delivery: Delivery): void {
  const { sent } = delivery;
  const arrived = new Set(pieces.slice(0, sent).flatMap((piece) => piece.carried));
  for (const one of carried) {
    if (!pieces.some((piece) => piece.carried.includes(one))) continue;
    const isAgain = !arrived.has(one) && isTriedAgain(member, one.task.seq, delivery);
    if (isAgain) one.again.push(member.session);
    if (isExcepted(member, one.task) || (isAgain && !isLastTry(one.task))) continue;
    one.outcomes.members += 1;
    one.outcomes[arrived.has(one) ? "sent" : countedAs(delivery)] += 1;
  }
}
