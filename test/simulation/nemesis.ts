import type { Local } from "../../local/host/runtime.ts";
import type { Faults } from "../../local/world/faults.ts";
import type { FaultRates } from "./generator.ts";
import { seededRandom } from "./seeded-random.ts";

/** Faults that are switched on by a share. */
const shares = [
  "lostPosts",
  "goneButDelivered",
  "throttledPosts",
  "failingPosts",
  "hangingPosts",
  "lostDisconnects",
  "duplicatedMessages",
  "crashes",
] as const satisfies (keyof Faults & keyof FaultRates)[];

/**
 * Switches on all faults at their rates.
 *
 * @returns switches them off; connections that became half-open stay so
 */
export function startNemesis({ faults, stack }: Local, faultRates: FaultRates, seed: number): () => void {
  faults.random = seededRandom(seed);
  for (const name of shares) faults[name] = faultRates[name];
  faults.slowPostMs = faultRates.slowPostMs;
  faults.slowPosts = (id) => {
    if (faults.random() < faultRates.halfOpenConnections) faults.halfOpen.add(id);
    return faults.random() < faultRates.slowPosts;
  };
  const functionIds = stack.ofType("AWS::Lambda::Function").map(({ logicalId }) => logicalId);
  const points = faultRates.crashPoints.map(({ at, call, when }) =>
    faults.crashAt(functionIds[at % functionIds.length] ?? "", call, when),
  );
  return () => {
    for (const name of shares) faults[name] = 0;
    faults.slowPosts = 0;
    for (const point of points) point.struck = true;
  };
}
