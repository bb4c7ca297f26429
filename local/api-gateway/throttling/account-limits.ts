import type { Clock } from "../../world/clock.ts";
import { type TokenBucket, tokenBucket } from "./token-bucket.ts";

/** What all APIs of an account share in a Region. */
export interface AccountLimits {
  request: TokenBucket;
  connect: TokenBucket;
}

/** AWS's defaults: REST requests, WebSocket messages and callbacks draw on one bucket, handshakes on one more. */
export const createAccountLimits = (clock: Clock): AccountLimits => ({
  request: tokenBucket({ rate: 10_000, burst: 5_000 }, clock),
  connect: tokenBucket({ rate: 500, burst: 500 }, clock),
});
