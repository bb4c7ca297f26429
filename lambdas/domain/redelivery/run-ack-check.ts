import type { AckCheck } from "../model/ack-check.ts";
import { withDeadline } from "../send/rate-limiter.ts";
import { type AckCheckDeps, checkBudgetMs, checkRoom } from "./check-room.ts";
import { checkUnread } from "./check-unread.ts";
import { renotifyEvicted } from "./renotify-evicted.ts";

/** Runs one item of the queue of ack checks. */
export async function runAckCheck(given: AckCheckDeps, check: AckCheck): Promise<void> {
  const deps = continueChain(given, check.hop);
  switch (check.kind) {
    case "room":
      return checkRoom(deps, check);
    case "evicted":
      return renotifyEvicted({ ...deps, limiter: withDeadline(deps.limiter, deps.now() + checkBudgetMs) }, check);
    case "unread":
      return checkUnread(deps, check);
  }
}

/**
 * Counts the room checks that this check causes indirectly, such as by recording the unacked range of a pruned member,
 * as a part of its own chain. Otherwise a chain could start the next one, without end.
 */
function continueChain(deps: AckCheckDeps, hop: number): AckCheckDeps {
  const isNewChain = (check: AckCheck) => check.kind === "room" && check.hop === 0 && !check.continuation;
  const withHop = (check: AckCheck) => (isNewChain(check) ? { ...check, hop: hop + 1 } : check);
  return { ...deps, scheduleAckCheck: (check, afterMs) => deps.scheduleAckCheck(withHop(check), afterMs) };
}
