import { deps } from "./adapters/deps.ts";
import { onPush } from "./adapters/events/on-push.ts";
import { push } from "./domain/delivery/push.ts";
import { pushStatus, waitForAcks } from "./domain/delivery/push-status.ts";

export const handler = onPush(deps, { push, pushStatus, waitForAcks });
