import type { AckCheck } from "../domain/model/ack-check.ts";
import type { AckCheckDeps } from "../domain/redelivery/check-room.ts";
import type { runAckCheck } from "../domain/redelivery/run-ack-check.ts";
import { type QueueEvent, type QueueResult, workThrough } from "./queue-event.ts";

/** The redeliver queue: each message orders a look at one room. */
export const onAckChecks =
  (deps: () => AckCheckDeps, check: typeof runAckCheck) =>
  async (event: QueueEvent): Promise<QueueResult> =>
    workThrough(event, "look", async (body) => {
      await check(deps(), JSON.parse(body) as AckCheck);
      return "done";
    });
