import { runAckCheck } from "./domain/redelivery/run-ack-check.ts";
import { onAckChecks } from "./handlers/on-ack-checks.ts";
import { ackCheckDeps } from "./runtime/deps.ts";

export const handler = onAckChecks(ackCheckDeps, runAckCheck);
