import type { Template } from "../../local/template/assembly.ts";

/**
 * Timeout of the functions and visibility timeout of their queues. An ack check takes up to 12 s. AWS recommends a longer
 * visibility timeout.
 */
const queueSeconds = 15;

/** Shortens the times of redelivery, so that a history ends within seconds. */
export function withShortTimes({ Resources }: Template): void {
  for (const { Type, Properties = {} } of Object.values(Resources)) {
    const variables = (Properties.Environment as { Variables?: { [name: string]: unknown } } | undefined)?.Variables;
    if (variables?.REDELIVER_AFTER_SECONDS !== undefined) variables.REDELIVER_AFTER_SECONDS = "1";
    // The functions for ack checks and for fan-out tasks.
    const worksOnQueue = variables?.EVENT_BUS_NAME !== undefined || variables?.FAN_OUT_DEAD_LETTERS_URL !== undefined;
    if (worksOnQueue) Properties.Timeout = queueSeconds;
    if (Type === "AWS::SQS::Queue" && Properties.RedrivePolicy !== undefined)
      Properties.VisibilityTimeout = queueSeconds;
  }
}
