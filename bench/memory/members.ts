import type { Member } from "../../lambdas/domain/model/member.ts";

export const roomOf = (size: number) => `room-of-${size}`;

const digits = 8;
const sessionAt = (index: number) => `s-${String(index).padStart(digits, "0")}`;

/** As a row of the table says it: each with objects and texts of its own. */
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
 * Members whom no table holds, in the order of their sessions.
 *
 * @param after the session behind which to begin
 */
export async function* generatedMembers(size: number, after?: string, pageSize = 500): AsyncGenerator<Member[]> {
  const first = after === undefined ? 0 : Number(after.slice(2)) + 1;
  for (let from = first; from < size; from += pageSize) {
    yield Array.from({ length: Math.min(pageSize, size - from) }, (_, i) => memberAt(from + i));
  }
}

/** All of them read before the first is posted to: what a worker without streaming would do. */
export async function* allAtOnce(pages: AsyncIterable<Member[]>): AsyncGenerator<Member[]> {
  const all: Member[] = [];
  for await (const page of pages) all.push(...page);
  yield all;
}
