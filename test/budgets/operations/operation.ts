import { roundTripsOf, roundTripsToPostOf, type Usage } from "../../../cli/estimate/usage.ts";
import type { MeteredStack } from "../metered-stack.ts";

/** Upper limits of one operation. */
export interface Budget {
  roundTrips?: number;
  roundTripsToPost?: number;
  invocations?: number;
}
export interface Operation {
  name: string;
  budget?: Budget;
  /** Whether other rows in the tables would change the counts. */
  needsEmptyTables?: true;
  /** Prepares the stack, which is not counted. @returns the operation */
  prepare(stack: MeteredStack): Promise<() => Promise<unknown>>;
}

export function isWithin(budget: Budget, usage: Usage): boolean {
  const { roundTrips = Infinity, roundTripsToPost = Infinity, invocations = Infinity } = budget;
  return (
    roundTripsOf(usage) <= roundTrips &&
    (roundTripsToPostOf(usage) ?? 0) <= roundTripsToPost &&
    usage.invocations.length <= invocations
  );
}
