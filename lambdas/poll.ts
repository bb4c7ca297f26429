import { poll } from "./domain/login/poll.ts";
import { onPoll } from "./handlers/on-poll.ts";
import { pageAuth } from "./runtime/auth.ts";
import { deps } from "./runtime/deps.ts";

export const handler = onPoll(deps, pageAuth, poll);
