import type { AckCheck } from "../domain/model/ack-check.ts";
import type { AckCheckDeps } from "../domain/redelivery/check-room.ts";
import type { runAckCheck } from "../domain/redelivery/run-ack-check.ts";
import { processRecords, type QueueEvent, type QueueResult } from "./queue-event.ts";

/** The queue of ack checks: each message is one check of one room. */
export const onAckChecks =
  (deps: () => AckCheckDeps, check: typeof runAckCheck) =>
  async (event: QueueEvent): Promise<QueueResult> =>
    processRecords(event, "ack check", async (body) => {
      await check(deps(), JSON.parse(body) as AckCheck);
      return "done";
    });
