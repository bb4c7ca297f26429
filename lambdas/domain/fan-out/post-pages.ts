import { forEachLimited } from "../concurrency/for-each-limited.ts";
import type { Watermark } from "../concurrency/watermark.ts";
import { deliverTo, isDeferred, postConcurrency } from "../delivery/deliver.ts";
import type { Deps } from "../model/deps.ts";
import type { Member } from "../model/member.ts";
import { isImplicit } from "../model/room.ts";
import type { RateLimiter } from "../send/rate-limiter.ts";
import { type Batch, countOutcome, postsFor } from "./batch.ts";

type BatchPosts = ReturnType<typeof postsFor>;
type RoomNow = Awaited<ReturnType<typeof roomNow>>;

export interface PostPagesDeps extends Deps {
  limiter: RateLimiter;
}

/**
 * Carries a load to members, page by page, at a pace. No more than a page and what is under way is held in memory.
 *
 * @param isOver no member is begun after that
 * @param afterEach runs after each member
 * @returns whether all members were begun
 */
export async function postPages(
  deps: PostPagesDeps,
  roomId: string,
  pages: AsyncIterable<Member[]>,
  batch: Batch,
  watermark: Watermark,
  isOver: () => boolean,
  afterEach: () => Promise<void>,
): Promise<boolean> {
  const first = batch.messages[0]?.task.seq;
  let isWhole = true;
  let hasFailed = false;
  async function* inTurn() {
    for await (const page of pages) {
      const room = await roomNow(deps, roomId);
      for (const member of page) {
        const posts = hasWholeBatch(member, batch) ? [] : postsFor(member, batch);
        const isPosted = posts.length > 0 && !isDeferred(member, first);
        // A member is begun together with its turn: what waits for a turn is neither in memory nor out of date.
        if (isPosted && !isOver()) await deps.limiter.acquire();
        // What fails for one by an error, such as a missing right, fails for all.
        if (hasFailed || isOver()) {
          isWhole = false;
          return;
        }
        const end = watermark.start(member.session);
        yield { member, posts, room, end };
      }
    }
  }
  async function postTo(member: Member, posts: BatchPosts, room: RoomNow): Promise<void> {
    const texts = posts.map(({ text }) => text);
    const delivery = await deliverTo(deps, room, member, texts, first, deps.limiter);
    if (delivery) countOutcome(member, batch, posts, delivery);
  }
  await forEachLimited(inTurn(), postConcurrency, async ({ member, posts, room, end }) => {
    try {
      await postTo(member, posts, room);
      end();
      await afterEach();
    } catch (error) {
      hasFailed = true;
      throw error;
    }
  });
  return isWhole;
}

/** By a redelivery or by a worker that died; or it came in behind the message, and was told so. */
function hasWholeBatch({ cursor }: Member, { messages }: Batch): boolean {
  const { epoch, seq } = messages.at(-1)?.task ?? {};
  return cursor !== undefined && seq !== undefined && cursor.epoch === epoch && cursor.seq >= seq;
}

/** As it is when the page is posted to: whoever was put out since the push must hear nothing more. */
async function roomNow({ rooms }: Pick<Deps, "rooms">, roomId: string) {
  const room = isImplicit(roomId) ? undefined : await rooms.get(roomId);
  return { roomId, generation: room?.generation ?? 0 };
}
