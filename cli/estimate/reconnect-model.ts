import { backoffMs } from "../../client/runtime/backoff.ts";
import { lifeSeconds } from "./architecture.ts";
import type { System } from "./system.ts";

/** From so many tries on the client's pauses do not grow. */
const mostTries = 6;
const longestPauses = Array.from({ length: mostTries + 1 }, (_, tries) => backoffMs(tries, () => 1) / 1000);

/** How many come back in a second: each needs a handshake, and a hello beside it. */
export const reconnectRate = ({ connectsPerSecond, requestsPerSecond, quietRequests }: System): number =>
  Math.min(connectsPerSecond, Math.max(0, requestsPerSecond - quietRequests) / 2);

/** More are never open at once: API Gateway ends each connection after two hours. */
export const mostConnections = (system: System): number => reconnectRate(system) * lifeSeconds;

/**
 * How long it takes until those shares of all clients are back when all connections end at once: what happens on
 * average, without chance. Clients that were refused at one moment try again evenly over the pause that they have by
 * then, and all who try at one moment have the same chance.
 *
 * @param shares above 0, up to 1: all but half a client
 * @returns seconds for each share; Infinity if so many connections cannot be
 */
export function reconnectSeconds(system: System, connections: number, shares: readonly number[]): number[] {
  if (connections > mostConnections(system)) return shares.map(() => Infinity);
  const wanted = shares.map((share) => Math.min(share * connections, connections - 0.5));
  const reached = shares.map(() => Infinity);
  const rate = reconnectRate(system);
  const step = Math.min(0.05, Math.max(0.005, connections / rate / 4_000));
  const waves = longestPauses.map((seconds) => new Wave(Math.round(seconds / step)));
  let [tokens, back] = [system.connectBurst, 0];
  waves[0]?.add(connections);
  for (let at = 1; reached.includes(Infinity); at += 1) {
    tokens = Math.min(system.connectBurst, tokens + rate * step);
    const trying = waves.map((wave) => wave.next());
    const all = trying.reduce((sum, count) => sum + count, 0);
    const share = all > tokens ? tokens / all : 1;
    for (const [tries, count] of trying.entries()) waves[Math.min(tries + 1, mostTries)]?.add(count * (1 - share));
    tokens -= all * share;
    back += all * share;
    for (const [i, goal] of wanted.entries()) if (reached[i] === Infinity && back >= goal) reached[i] = at * step;
  }
  return reached;
}

/** Clients that wait for the same longest pause: of those that began in one step an equal part tries in each. */
class Wave {
  private readonly begun: number[];
  private at = 0;
  private perStep = 0;

  constructor(steps: number) {
    this.begun = new Array(steps).fill(0);
  }

  /** They begin to wait in this step. */
  add(count: number): void {
    const part = count / this.begun.length;
    this.begun[this.at] = (this.begun[this.at] ?? 0) + part;
    this.perStep += part;
  }

  /** @returns how many try in the next step */
  next(): number {
    const trying = this.perStep;
    this.at = (this.at + 1) % this.begun.length;
    // Those that began a whole pause ago have all tried.
    this.perStep = Math.max(0, this.perStep - (this.begun[this.at] ?? 0));
    this.begun[this.at] = 0;
    return trying;
  }
}
