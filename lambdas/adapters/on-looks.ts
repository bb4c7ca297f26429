import type { LookDeps, lookAtRoom } from "../domain/delivery/look-at-room.ts";
import type { Look } from "../domain/ports.ts";
import { logError } from "./log.ts";
import type { QueueEvent, QueueResult } from "./queue-event.ts";

/** The redeliver queue: each message orders a look at one room. One that fails keeps no other from being done. */
export const onLooks =
  (deps: () => LookDeps, look: typeof lookAtRoom) =>
  async ({ Records }: QueueEvent): Promise<QueueResult> => {
    const results = await Promise.allSettled(Records.map(async ({ body }) => look(deps(), JSON.parse(body) as Look)));
    const failed = Records.filter((_, i) => {
      const result = results[i];
      if (result?.status !== "rejected") return false;
      logError("look", result.reason);
      return true;
    });
    return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  };
