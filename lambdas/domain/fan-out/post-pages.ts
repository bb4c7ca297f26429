import { forEachLimited } from "../concurrency/for-each-limited.ts";
import type { Watermark } from "../concurrency/watermark.ts";
import { deliverTo, isDeferred, postConcurrency } from "../delivery/deliver.ts";
import type { Deps } from "../model/deps.ts";
import type { Member } from "../model/member.ts";
import { isImplicit } from "../model/room.ts";
import type { RateLimiter } from "../send/rate-limiter.ts";
import { type Batch, type BatchPost, countOutcome, postsFor } from "./batch.ts";

type RoomGeneration = Awaited<ReturnType<typeof generationOf>>;

export interface PostPagesDeps extends Deps {
  limiter: RateLimiter;
}

export interface PostedPages {
  roomId: string;
  pages: AsyncIterable<Member[]>;
  watermark: Watermark;
  /** Once it returns true, no further member is started. */
  isOver: () => boolean;
  /** Runs after each member. */
  afterEach: () => Promise<void>;
}

/**
 * Posts a batch to members, page by page, at the limiter's rate. Memory holds one page and the posts under way.
 *
 * @returns whether all members were started
 */
export async function postPages(
  deps: PostPagesDeps,
  batch: Batch,
  { roomId, pages, watermark, isOver, afterEach }: PostedPages,
): Promise<boolean> {
  const firstSeq = batch.messages[0]?.task.seq;
  let isComplete = true;
  let hasFailed = false;
  async function* started() {
    for await (const page of pages) {
      const room = await generationOf(deps, roomId);
      for (const member of page) {
        const posts = hasBatch(member, batch) ? [] : postsFor(member, batch);
        const isPosted = posts.length > 0 && !isDeferred(member, firstSeq);
        // The limiter is acquired before a member is started: a member that waits would be in memory, and out of date.
        if (isPosted && !isOver()) await deps.limiter.acquire();
        // An error, such as a missing permission, would occur for all members.
        if (hasFailed || isOver()) {
          isComplete = false;
          return;
        }
        yield { member, posts, room, end: watermark.start(member.session) };
      }
    }
  }
  async function postTo(member: Member, posts: BatchPost[], room: RoomGeneration): Promise<void> {
    const texts = posts.map(({ text }) => text);
    const delivery = await deliverTo(deps, room, member, texts, firstSeq, deps.limiter);
    if (delivery) countOutcome(member, batch, posts, delivery);
  }
  await forEachLimited(started(), postConcurrency, async ({ member, posts, room, end }) => {
    try {
      await postTo(member, posts, room);
      end();
      await afterEach();
    } catch (error) {
      hasFailed = true;
      throw error;
    }
  });
  return isComplete;
}

/**
 * Whether the member has all messages of the batch: from a redelivery, from a worker that died, or because it joined
 * after them.
 */
function hasBatch({ cursor }: Member, { messages }: Batch): boolean {
  const { epoch, seq } = messages.at(-1)?.task ?? {};
  return cursor !== undefined && seq !== undefined && cursor.epoch === epoch && cursor.seq >= seq;
}

/** The room's generation, read before each page: a member that was evicted after the push receives nothing more. */
async function generationOf({ rooms }: Pick<Deps, "rooms">, roomId: string) {
  const room = isImplicit(roomId) ? undefined : await rooms.get(roomId);
  return { roomId, generation: room?.generation ?? 0 };
}
