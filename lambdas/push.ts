import { push } from "./domain/push/push.ts";
import { pushStatus, waitForAcks } from "./domain/push/status.ts";
import { onPush } from "./handlers/on-push.ts";
import { deps } from "./runtime/deps.ts";

export const handler = onPush(deps, { push, pushStatus, waitForAcks });
