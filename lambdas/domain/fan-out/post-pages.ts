import { forEachLimited } from "../concurrency/for-each-limited.ts";
import type { Floor } from "../concurrency/watermark.ts";
import { deliverTo, isWaiting, postsAtOnce } from "../delivery/deliver.ts";
import type { Deps } from "../model/deps.ts";
import type { Member } from "../model/member.ts";
import type { Pace } from "../send/rate-limiter.ts";
import { count, type Load, piecesFor } from "./batch.ts";

type Pieces = ReturnType<typeof piecesFor>;
type RoomNow = Awaited<ReturnType<typeof roomNow>>;

export interface WalkDeps extends Deps {
  pace: Pace;
}

/**
 * Carries a load to members, page by page, at a pace. No more than a page and what is under way is held in memory.
 *
 * @param isOver no member is begun after that
 * @param afterEach runs after each member
 * @returns whether all members were begun
 */
export async function walk(
  deps: WalkDeps,
  roomId: string,
  pages: AsyncIterable<Member[]>,
  load: Load,
  floor: Floor,
  isOver: () => boolean,
  afterEach: () => Promise<void>,
): Promise<boolean> {
  const first = load.carried[0]?.task.seq;
  let isWhole = true;
  let hasFailed = false;
  async function* inTurn() {
    for await (const page of pages) {
      const room = await roomNow(deps, roomId);
      for (const member of page) {
        const pieces = hasAll(member, load) ? [] : piecesFor(member, load);
        const isPosted = pieces.length > 0 && !isWaiting(member, first);
        // A member is begun together with its turn: what waits for a turn is neither in memory nor out of date.
        if (isPosted && !isOver()) await deps.pace.turn();
        // What fails for one by an error, such as a missing right, fails for all.
        if (hasFailed || isOver()) {
          isWhole = false;
          return;
        }
        const end = floor.begin(member.session);
        yield { member, pieces, room, end };
      }
    }
  }
  async function carryTo(member: Member, pieces: Pieces, room: RoomNow): Promise<void> {
    const texts = pieces.map(({ text }) => text);
    const delivery = await deliverTo(deps, room, member, texts, first, deps.pace);
    if (delivery) count(member, load, pieces, delivery);
  }
  await forEachLimited(inTurn(), postsAtOnce, async ({ member, pieces, room, end }) => {
    try {
      await carryTo(member, pieces, room);
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
function hasAll({ cursor }: Member, { carried }: Load): boolean {
  const { epoch, seq } = carried.at(-1)?.task ?? {};
  return cursor !== undefined && seq !== undefined && cursor.epoch === epoch && cursor.seq >= seq;
}

/** As it is when the page is posted to: whoever was put out since the push must hear nothing more. */
async function roomNow({ rooms }: Pick<Deps, "rooms">, roomId: string) {
  const room = roomId.startsWith("@") ? undefined : await rooms.get(roomId);
  return { roomId, generation: room?.generation ?? 0 };
}
