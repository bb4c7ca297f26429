import type { Clock } from "../../world/clock.ts";
import { type TokenBucket, tokenBucket } from "./token-bucket.ts";

/** The token buckets that all APIs of an account share in a Region. */
export interface AccountLimits {
  /** REST requests, WebSocket messages and calls to the @connections API. */
  takeRequest: TokenBucket;
  /** WebSocket handshakes, in addition to `takeRequest`. */
  takeConnection: TokenBucket;
}

/** AWS' default limits. */
export const createAccountLimits = (clock: Clock): AccountLimits => ({
  takeRequest: tokenBucket({ rate: 10_000, burst: 5_000 }, clock),
  takeConnection: tokenBucket({ rate: 500, burst: 500 }, clock),
});
