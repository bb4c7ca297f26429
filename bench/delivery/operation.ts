import type { Backend } from "./backend.ts";
import { roundTripsOf, roundTripsToPostOf, type Usage } from "./usage.ts";

/** The most that an operation may take. */
export interface Budget {
  roundTrips?: number;
  roundTripsToPost?: number;
  invocations?: number;
}
export interface Operation {
  name: string;
  budget?: Budget;
  /** Makes everything ready, which is not counted. @returns the operation itself */
  prepare(backend: Backend): Promise<() => Promise<unknown>>;
}

export function isWithin(budget: Budget, usage: Usage): boolean {
  const { roundTrips = Infinity, roundTripsToPost = Infinity, invocations = Infinity } = budget;
  return (
    roundTripsOf(usage) <= roundTrips &&
    (roundTripsToPostOf(usage) ?? 0) <= roundTripsToPost &&
    usage.invocations.length <= invocations
  );
}
