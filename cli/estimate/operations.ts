import counted from "./operations.json" with { type: "json" };
import { type Billed, billedOf } from "./prices.ts";
import type { Usage } from "./usage.ts";

export type OperationName = keyof typeof counted;

/** What one operation used, as `npm run bench -- delivery` counted it. */
export const usageOf = (name: OperationName): Usage => counted[name] as Usage;

/** The same without its posts, whose number depends on the room. */
export function withoutPosts(usage: Usage): Usage {
  const posts = usage.invocations.reduce((sum, run) => sum + run.posts, 0);
  return {
    ...usage,
    messages: usage.messages - posts,
    invocations: usage.invocations.map((run) => ({ ...run, posts: 0 })),
  };
}

/** What AWS bills for an operation that was counted. */
export const billedFor = (name: OperationName): Billed => billedOf(usageOf(name));

const items = (billed: Billed) => Object.entries(billed) as [keyof Billed, number][];

/** To add to. */
export const nothing = (): Billed => times(0, billedOf({ ...usageOf("heartbeat"), messages: 0 }));

/** So many of it; `factor` may be a fraction, or below 0 to take off. */
export const times = (factor: number, billed: Billed): Billed =>
  Object.fromEntries(items(billed).map(([item, count]) => [item, count * factor])) as Billed;

export const sumOf = (...all: readonly Partial<Billed>[]): Billed =>
  all.reduce<Billed>((sum, billed) => {
    for (const [item, count] of Object.entries(billed) as [keyof Billed, number][]) sum[item] += count;
    return sum;
  }, nothing());

/**
 * Two counts of one operation with 1 and 3 rooms, carried to any number of rooms: each room costs the same.
 *
 * @param rooms may be a fraction, an average
 */
export const forRooms = (rooms: number, one: OperationName, three: OperationName): Billed => {
  const [at1, at3] = [billedFor(one), billedFor(three)];
  return sumOf(times((3 - rooms) / 2, at1), times((rooms - 1) / 2, at3));
};
