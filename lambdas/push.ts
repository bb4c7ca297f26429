import { push } from "./domain/push/push.ts";
import { pushStatus } from "./domain/push/status.ts";
import { waitForAcks } from "./domain/push/wait-for-acks.ts";
import { onPush } from "./handlers/on-push.ts";
import { deps } from "./runtime/deps.ts";

export const handler = onPush(deps, { push, pushStatus, waitForAcks });
