import { deps } from "./adapters/deps.ts";
import { onPoll } from "./adapters/events/on-poll.ts";
import { handshake } from "./adapters/handshake.ts";
import { poll } from "./domain/rooms/poll.ts";

export const handler = onPoll(deps, handshake, poll);
