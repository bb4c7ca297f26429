import type { Deps } from "../model/deps.ts";
import type { PostOutcome } from "../model/gateway.ts";
import type { RateLimiter } from "./rate-limiter.ts";

const attempts = 4;

const isWorthAnother = (outcome: PostOutcome) => outcome === "slow" || outcome === "failed";

/**
 * Posts one frame, and tries again what is worth it: `slow` and `failed`, four times at most, after random pauses of up
 * to 200, 400 and 800 ms. Never `unknown`: the first may have arrived, and a second would make two of it.
 *
 * The turn of the first attempt is the caller's to take, so that one who paces can take a member together with its turn;
 * each further attempt takes one of its own here, if there is one in time.
 *
 * @param text one frame as JSON
 * @returns how the last attempt ended
 */
export async function post(
  { gateway, wait, random }: Pick<Deps, "gateway" | "wait" | "random">,
  connectionId: string,
  text: string,
  limiter?: RateLimiter,
): Promise<PostOutcome> {
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await gateway.post(connectionId, text);
    limiter?.onOutcome(outcome);
    if (!isWorthAnother(outcome) || attempt === attempts) return outcome;
    await wait(random() * 100 * 2 ** attempt);
    if (limiter && !(await limiter.acquire())) return outcome;
  }
}
