import type { Iam } from "../../iam/iam.ts";
import type { Stack } from "../../template/stack.ts";
import { readMappings } from "./mapping-specs.ts";
import { type Mapping, type MappingOptions, startPolling } from "./poller.ts";

export interface MappingsOptions extends MappingOptions {
  stack: Stack;
  iam: Pick<Iam, "principalOfFunction" | "denial">;
}

/** What Lambda needs to be allowed by the function's role. */
const requiredActions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];

/**
 * Feeds functions from queues, as the template's event source mappings say.
 *
 * @throws if Lambda would not create a mapping
 */
export function startMappings(options: MappingsOptions): Mapping {
  const mappings = readMappings(options.stack, options.queues)
    .filter((spec) => {
      const principal = options.iam.principalOfFunction(spec.functionId);
      const refusals = requiredActions
        .map((action) => options.iam.denial(principal, action, spec.queue.arn))
        .filter((refusal) => refusal !== undefined);
      for (const refusal of refusals) options.log(`${spec.logicalId} does not run: ${refusal}`);
      return refusals.length === 0;
    })
    .map((spec) => startPolling(spec, options));
  return {
    close: async () => {
      await Promise.all(mappings.map((mapping) => mapping.close()));
    },
  };
}
