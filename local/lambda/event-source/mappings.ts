import type { Iam } from "../../iam/iam.ts";
import type { Stack } from "../../template/stack.ts";
import { readMappingSpecs } from "./mapping-specs.ts";
import { type MappingOptions, type RunningMapping, startMapping } from "./run-mapping.ts";

export interface MappingsOptions extends MappingOptions {
  stack: Stack;
  iam: Pick<Iam, "principalOfFunction" | "denial">;
}

/** The actions on the queue that Lambda requires of the function's role. */
const requiredActions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];

/**
 * Starts the event source mappings of the template. A mapping does not run if the function's role lacks a permission on
 * the queue; the reason is logged.
 *
 * @throws if Lambda would reject a mapping
 */
export function startMappings(options: MappingsOptions): RunningMapping {
  const running = readMappingSpecs(options.stack, options.queues)
    .filter((spec) => {
      const principal = options.iam.principalOfFunction(spec.functionId);
      const denials = requiredActions
        .map((action) => options.iam.denial(principal, action, spec.queue.arn))
        .filter((denial) => denial !== undefined);
      for (const denial of denials) options.log(`${spec.logicalId} does not run: ${denial}`);
      return denials.length === 0;
    })
    .map((spec) => startMapping(spec, options));
  return {
    close: async () => {
      await Promise.all(running.map((mapping) => mapping.close()));
    },
  };
}
