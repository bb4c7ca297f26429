import { type EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import type { ReportUndelivered } from "../../domain/model/undelivered.ts";

/** What one PutEvents takes. */
const maxBatchEntries = 10;

/** Reports to EventBridge. The event says which message and whom it did not reach, never what it says. */
export const eventBus =
  (client: Pick<EventBridgeClient, "send">, EventBusName: string): ReportUndelivered =>
  async (undelivered) => {
    for (let from = 0; from < undelivered.length; from += maxBatchEntries) {
      const Entries = undelivered.slice(from, from + maxBatchEntries).map(({ atMs, ...message }) => ({
        EventBusName,
        Source: "downlink",
        DetailType: "MessageUndelivered",
        Detail: JSON.stringify({ ...message, at: atMs }),
      }));
      const { FailedEntryCount } = await client.send(new PutEventsCommand({ Entries }));
      if (FailedEntryCount) throw new Error(`EventBridge did not take ${FailedEntryCount} of ${Entries.length} events`);
    }
  };
