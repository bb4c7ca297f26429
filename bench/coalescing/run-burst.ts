import { openLargeRoom } from "../../test/support/large-room.ts";

export interface BurstOptions {
  members: number;
  messages: number;
  /** Between one push and the next. */
  everyMs: number;
  /** With pressure relief. */
  coalesced: boolean;
}

/** What a burst came to, until everybody had everything. */
export interface Burst extends BurstOptions {
  posts: number;
  /** Of posts and acks alike: each begun 32 KB. */
  billed: number;
  acks: number;
  /** From the first push to the last post, of virtual time. */
  lastPostMs: number;
}

const billedBytes = 32 * 1024;
/** Longer than any burst here takes. */
const longestMs = 600_000;

/**
 * Pushes a burst to a large room on a clock of its own.
 *
 * @throws if somebody has not seen each message once and in order: what is lost would be cheap
 */
export async function runBurst(options: BurstOptions): Promise<Burst> {
  const { members, messages, everyMs, coalesced } = options;
  const crowd = await openLargeRoom({ members, coalesced });
  const { time, push, ackingPages, room, posts, harness } = crowd;
  let acks = 0;
  const places = harness.deps.members;
  harness.deps.members = {
    ...places,
    ack: (...args) => {
      acks += 1;
      return places.ack(...args);
    },
  };
  try {
    const expected = Array.from({ length: messages }, (_, i) => i);
    const startMs = time.nowMs;
    const pushes: Promise<unknown>[] = [];
    for (const data of expected) {
      await time.runUntil(startMs + everyMs * data);
      pushes.push(push(String(data)));
    }
    await time.runUntil(startMs + longestMs);
    await Promise.all(pushes);
    const wanted = JSON.stringify(expected);
    const wrong = [...ackingPages.values()].filter((reader) => JSON.stringify(reader.dataOf(room)) !== wanted).length;
    if (wrong > 0) throw new Error(`${wrong} of ${members} members have not seen each message once and in order`);
    return {
      ...options,
      posts: posts.length,
      billed: acks + posts.reduce((sum, { bytes }) => sum + Math.ceil(bytes / billedBytes), 0),
      acks,
      lastPostMs: (posts.at(-1)?.atMs ?? startMs) - startMs,
    };
  } finally {
    await crowd.close();
  }
}
