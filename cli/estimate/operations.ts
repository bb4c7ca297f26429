import counted from "./operations.json" with { type: "json" };
import { type Billed, billedOf } from "./prices.ts";
import type { Usage } from "./usage.ts";

export type OperationName = keyof typeof counted;

/** Usage of one operation, as `test/budgets` counts it. */
export const usageOf = (name: OperationName): Usage => counted[name] as Usage;

/** The usage without its posts, whose number depends on the room. */
export function withoutPosts(usage: Usage): Usage {
  const posts = usage.invocations.reduce((sum, run) => sum + run.posts, 0);
  return {
    ...usage,
    messages: usage.messages - posts,
    invocations: usage.invocations.map((run) => ({ ...run, posts: 0 })),
  };
}

/** Billed units of a counted operation. */
export const billedFor = (name: OperationName): Billed => billedOf(usageOf(name));

const items = (billed: Billed) => Object.entries(billed) as [keyof Billed, number][];

export const nothing = (): Billed => times(0, billedOf({ ...usageOf("heartbeat"), messages: 0 }));

/** @param factor may be a fraction or negative */
export const times = (factor: number, billed: Billed): Billed =>
  Object.fromEntries(items(billed).map(([item, count]) => [item, count * factor])) as Billed;

export const sumOf = (...all: readonly Partial<Billed>[]): Billed =>
  all.reduce<Billed>((sum, billed) => {
    for (const [item, count] of Object.entries(billed) as [keyof Billed, number][]) sum[item] += count;
    return sum;
  }, nothing());

/**
 * Billed units of an operation for any number of rooms, from its counts for 1 and 3 rooms. Each room costs the same.
 *
 * @param rooms an average, may be a fraction
 */
export const forRooms = (rooms: number, one: OperationName, three: OperationName): Billed => {
  const [at1, at3] = [billedFor(one), billedFor(three)];
  return sumOf(times((3 - rooms) / 2, at1), times((rooms - 1) / 2, at3));
};
