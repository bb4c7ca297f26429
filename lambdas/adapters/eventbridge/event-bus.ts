import { type EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import type { ReportUndelivered } from "../../domain/model/undelivered.ts";

/** Limit of `PutEvents`. */
const maxBatchEntries = 10;

/**
 * Puts one event `MessageUndelivered` of source `downlink` for each undelivered message. `detail` identifies the message and
 * the subject, with `at` in milliseconds since 1970; it never contains the message's data.
 *
 * @throws if EventBridge refuses an event
 */
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
      if (FailedEntryCount) throw new Error(`EventBridge refused ${FailedEntryCount} of ${Entries.length} events`);
    }
  };
