import { deps } from "./adapters/deps.ts";
import { handshake } from "./adapters/handshake.ts";
import { onPoll } from "./adapters/on-poll.ts";
import { poll } from "./domain/rooms/poll.ts";

export const handler = onPoll(deps, handshake, poll);
