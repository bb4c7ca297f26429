import { pushDeps } from "./adapters/deps.ts";
import { onPush } from "./adapters/on-push.ts";
import { push } from "./domain/push.ts";

export const handler = onPush(pushDeps, push);
