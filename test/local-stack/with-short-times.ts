import type { Template } from "../../local/template/assembly.ts";

/** A look takes up to 12 s and comes back after so long if it was killed; AWS would want more between the two. */
const orderSeconds = 15;

/** Times so short that a history is over within seconds. */
export function withShortTimes({ Resources }: Template): void {
  for (const { Type, Properties = {} } of Object.values(Resources)) {
    const variables = (Properties.Environment as { Variables?: { [name: string]: unknown } } | undefined)?.Variables;
    if (variables?.REDELIVER_AFTER_SECONDS !== undefined) variables.REDELIVER_AFTER_SECONDS = "1";
    // What was killed comes back after the queue's visibility timeout, which covers the function's own: that of looks
    // at rooms, and that of fan-out tasks.
    const worksOnQueue = variables?.EVENT_BUS_NAME !== undefined || variables?.FAN_OUT_DEAD_LETTERS_URL !== undefined;
    if (worksOnQueue) Properties.Timeout = orderSeconds;
    if (Type === "AWS::SQS::Queue" && Properties.RedrivePolicy !== undefined)
      Properties.VisibilityTimeout = orderSeconds;
  }
}
