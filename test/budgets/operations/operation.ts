import { roundTripsOf, roundTripsToPostOf, type Usage } from "../../../cli/estimate/usage.ts";
import type { Backend } from "../metered-stack.ts";

/** The most that an operation may take. */
export interface Budget {
  roundTrips?: number;
  roundTripsToPost?: number;
  invocations?: number;
}
export interface Operation {
  name: string;
  budget?: Budget;
  /** It meets all rows of a table: it has tables of its own. */
  isAlone?: true;
  /** Makes everything ready, which is not counted. @returns the operation itself */
  prepare(backend: Backend): Promise<() => Promise<unknown>>;
}

/** Whether what was used is no more. */
export function isWithin(budget: Budget, usage: Usage): boolean {
  const { roundTrips = Infinity, roundTripsToPost = Infinity, invocations = Infinity } = budget;
  return (
    roundTripsOf(usage) <= roundTrips &&
    (roundTripsToPostOf(usage) ?? 0) <= roundTripsToPost &&
    usage.invocations.length <= invocations
  );
}
