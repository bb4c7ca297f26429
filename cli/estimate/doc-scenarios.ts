import { withDefaults } from "./arguments.ts";
import type { Question } from "./scenario.ts";
import { everyoneTime, type Time, waveTimes } from "./times.ts";

/** Of docs/scaling.md: rooms of ten, and a message to each connection every ten minutes. */
export const usual = (connections: number): Question =>
  withDefaults({ connections, pushesPerMinute: connections / 100 });

/** What AWS was seen to grant, and a stack that uses it. */
export const raised = {
  requestsPerSecond: 100_000,
  postsPerSecond: 40_000,
  socketRateLimit: 50_000,
} satisfies Partial<Question>;

/** Connections, for which the page has rows and dots. */
export const sizes = [1e3, 1e4, 1e5, 1e6, 1e7];
/** And between them. */
export const withinSizes = Array.from({ length: 41 }, (_, i) => Math.round(10 ** (3 + i / 10)));

const seedAt = (connections: number) => (sizes.includes(connections) ? 1 : undefined);

/** A push to everyone; simulated where a table or a dot shows it. */
export const everyoneAt = (question: Question): Time => everyoneTime(question, seedAt(question.connections));

/** Until 99 % are back after an outage. */
export function waveAt(question: Question): Time {
  const [, nearlyAll] = waveTimes(question, seedAt(question.connections));
  if (!nearlyAll) throw new Error("there is no time for 99 %");
  return nearlyAll;
}
