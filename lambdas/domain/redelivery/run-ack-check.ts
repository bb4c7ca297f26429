import type { AckCheck } from "../model/ack-check.ts";
import { withDeadline } from "../send/rate-limiter.ts";
import { type AckCheckDeps, budgetMs, checkRoom } from "./check-room.ts";
import { checkUnread } from "./check-unread.ts";
import { renotifyEvicted } from "./renotify-evicted.ts";

/** Runs one ack check: one item of the queue. */
export async function runAckCheck(given: AckCheckDeps, check: AckCheck): Promise<void> {
  const { roomId, hop, evicted, unread } = check;
  const deps = withHop(given, hop);
  const limiter = withDeadline(deps.limiter, deps.now() + budgetMs);
  if (evicted) return renotifyEvicted({ ...deps, limiter }, { roomId, hop, evicted });
  if (unread) return checkUnread(deps, { roomId, hop, unread });
  return checkRoom(deps, check);
}

/** A chain that a check starts by other calls, such as for a pruned member, continues its own: chains have to end. */
function withHop(deps: AckCheckDeps, hop: number): AckCheckDeps {
  const isNewChain = (check: AckCheck) => check.hop === 0 && !check.evicted && !check.rest;
  const deeper = (check: AckCheck) => (isNewChain(check) ? { ...check, hop: hop + 1 } : check);
  return { ...deps, scheduleAckCheck: (check, afterMs) => deps.scheduleAckCheck(deeper(check), afterMs) };
}
