import { lookDeps } from "./adapters/deps.ts";
import { onLooks } from "./adapters/events/on-looks.ts";
import { lookAtRoom } from "./domain/delivery/look-at-room.ts";

export const handler = onLooks(lookDeps, lookAtRoom);
