import { checkRoom } from "./domain/redelivery/check-room.ts";
import { onAckChecks } from "./handlers/on-ack-checks.ts";
import { ackCheckDeps } from "./runtime/deps.ts";

export const handler = onAckChecks(ackCheckDeps, checkRoom);
