import type { Deps } from "../model/deps.ts";
import type { PostOutcome } from "../model/gateway.ts";
import type { RateLimiter } from "./rate-limiter.ts";

const attempts = 4;

const isRetriable = (outcome: PostOutcome) => outcome === "slow" || outcome === "failed";

/**
 * Posts one frame with up to four attempts. `slow` and `failed` are retried, after random pauses of up to 200, 400 and
 * 800 ms. `unknown` is not: the frame may have arrived, and would arrive twice.
 *
 * The caller has acquired the limiter for the first attempt. Each retry acquires it here, and is dropped if its slot comes
 * too late.
 *
 * @param text one frame as JSON
 * @returns the outcome of the last attempt
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
    if (!isRetriable(outcome) || attempt === attempts) return outcome;
    await wait(random() * 100 * 2 ** attempt);
    if (limiter && !(await limiter.acquire())) return outcome;
  }
}
