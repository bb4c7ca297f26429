import type { Look } from "../domain/model/ack-check.ts";
import type { LookDeps, lookAtRoom } from "../domain/redelivery/check-room.ts";
import { type QueueEvent, type QueueResult, workThrough } from "./queue-event.ts";

/** The redeliver queue: each message orders a look at one room. */
export const onLooks =
  (deps: () => LookDeps, look: typeof lookAtRoom) =>
  async (event: QueueEvent): Promise<QueueResult> =>
    workThrough(event, "look", async (body) => {
      await look(deps(), JSON.parse(body) as Look);
      return "done";
    });
