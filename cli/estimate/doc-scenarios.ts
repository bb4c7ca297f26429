import { withDefaults } from "./arguments.ts";
import type { Scenario } from "./scenario.ts";
import { everyoneTime, reconnectTimes, type Time } from "./times.ts";

/** The scenario of docs/scaling.md: rooms of ten, and a message to each connection every ten minutes. */
export const docScenario = (connections: number): Scenario =>
  withDefaults({ connections, pushesPerMinute: connections / 100 });

/** The highest quota that AWS has granted before, and settings that use it. */
export const raised = {
  requestsPerSecond: 100_000,
  postsPerSecond: 40_000,
  socketRateLimit: 50_000,
} satisfies Partial<Scenario>;

/** Numbers of connections in the tables, and of the dots in the plots. */
export const sizes = [1e3, 1e4, 1e5, 1e6, 1e7];
/** Numbers of connections of the lines in the plots. */
export const withinSizes = Array.from({ length: 41 }, (_, i) => Math.round(10 ** (3 + i / 10)));

const seedAt = (connections: number) => (sizes.includes(connections) ? 1 : undefined);

/** A push to everyone, simulated for the numbers of connections in `sizes`. */
export const everyoneTimeAt = (scenario: Scenario): Time => everyoneTime(scenario, seedAt(scenario.connections));

/** Time until 99 % of all clients have reconnected after an outage. */
export function reconnectTimeAt(scenario: Scenario): Time {
  const [, nearlyAll] = reconnectTimes(scenario, seedAt(scenario.connections));
  if (!nearlyAll) throw new Error("there is no time for 99 %");
  return nearlyAll;
}
