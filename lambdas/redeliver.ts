import { lookAtRoom } from "./domain/redelivery/check-room.ts";
import { onLooks } from "./handlers/on-ack-checks.ts";
import { lookDeps } from "./runtime/deps.ts";

export const handler = onLooks(lookDeps, lookAtRoom);
