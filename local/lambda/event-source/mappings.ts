import type { Iam } from "../../iam/iam.ts";
import type { Stack } from "../../template/stack.ts";
import { readMappings } from "./mapping-specs.ts";
import { type Mapping, type MappingOptions, runMapping } from "./poller.ts";

export interface MappingsOptions extends MappingOptions {
  stack: Stack;
  iam: Pick<Iam, "ofFunction" | "refusal">;
}

/** What Lambda needs to be allowed by the function's role. */
const neededActions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];

/**
 * Feeds functions from queues, as the template's event source mappings say.
 *
 * @throws if Lambda would not create a mapping
 */
export function openMappings(options: MappingsOptions): Mapping {
  const mappings = readMappings(options.stack, options.queues)
    .filter((spec) => {
      const principal = options.iam.ofFunction(spec.functionId);
      const refusals = neededActions
        .map((action) => options.iam.refusal(principal, action, spec.queue.arn))
        .filter((refusal) => refusal !== undefined);
      for (const refusal of refusals) options.log(`${spec.logicalId} does not run: ${refusal}`);
      return refusals.length === 0;
    })
    .map((spec) => runMapping(spec, options));
  return {
    close: async () => {
      await Promise.all(mappings.map((mapping) => mapping.close()));
    },
  };
}
