import { openLargeRoom } from "../../test/support/large-room.ts";

export interface BurstOptions {
  members: number;
  messages: number;
  /** Time between two pushes. */
  everyMs: number;
  coalesced: boolean;
}

/** Result of a burst. */
export interface Burst extends BurstOptions {
  posts: number;
  acks: number;
  /** Billed messages of posts and acks: each started 32 KB. */
  billed: number;
  /** Virtual time from the first push to the last post. */
  lastPostMs: number;
}

const billedBytes = 32 * 1024;
/** Longer than any of the bursts. */
const maxMs = 600_000;

/**
 * Pushes a burst to a large room in virtual time.
 *
 * @throws if a member has not received each message once and in order
 */
export async function runBurst(options: BurstOptions): Promise<Burst> {
  const { members, messages, everyMs, coalesced } = options;
  const largeRoom = await openLargeRoom({ members, coalesced });
  const { time, push, ackingPages, room, posts, harness } = largeRoom;
  let acks = 0;
  const adapter = harness.deps.members;
  harness.deps.members = {
    ...adapter,
    ack: (...args) => {
      acks += 1;
      return adapter.ack(...args);
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
    await time.runUntil(startMs + maxMs);
    await Promise.all(pushes);
    const wanted = JSON.stringify(expected);
    const wrong = [...ackingPages.values()].filter((reader) => JSON.stringify(reader.dataOf(room)) !== wanted).length;
    if (wrong > 0) throw new Error(`${wrong} of ${members} members did not receive each message once and in order`);
    return {
      ...options,
      posts: posts.length,
      acks,
      billed: acks + posts.reduce((sum, { bytes }) => sum + Math.ceil(bytes / billedBytes), 0),
      lastPostMs: (posts.at(-1)?.atMs ?? startMs) - startMs,
    };
  } finally {
    await largeRoom.close();
  }
}
