import type { Member } from "../../lambdas/domain/model/member.ts";

export const roomOf = (size: number) => `room-of-${size}`;

const sessionAt = (index: number) => `s-${String(index).padStart(8, "0")}`;

/** A member as the adapter reads it from the table, with new objects and strings. */
function memberAt(index: number): Member {
  const session = sessionAt(index);
  return {
    session,
    connectionId: `L0SM9c${session.slice(2)}=`,
    transport: "websocket",
    connectedAtMs: Date.now(),
    subject: `user-${index}`,
    generation: 0,
    holdsLease: false,
    cursor: { epoch: "k3f9x2a", seq: 11 },
    hasAcked: true,
    acks: true,
    redeliveries: 0,
    redeliveredAtMs: 0,
    exhaustedSeq: 0,
  };
}

/**
 * Members that are in no table, in the order of their sessions.
 *
 * @param after the session after which to start
 */
export async function* generatedMembers(size: number, after?: string, pageSize = 500): AsyncGenerator<Member[]> {
  const first = after === undefined ? 0 : Number(after.slice(2)) + 1;
  for (let from = first; from < size; from += pageSize) {
    yield Array.from({ length: Math.min(pageSize, size - from) }, (_, i) => memberAt(from + i));
  }
}

/** All members in one page, as a worker without streaming would read them. */
export async function* inOnePage(pages: AsyncIterable<Member[]>): AsyncGenerator<Member[]> {
  const all: Member[] = [];
  for await (const page of pages) all.push(...page);
  yield all;
}
