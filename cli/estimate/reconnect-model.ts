import { backoffMs } from "../../client/runtime/backoff.ts";
import { connectionMaxSeconds } from "../../protocol/limits.ts";
import type { System } from "./system.ts";

/** The client's backoff stops growing after this number of attempts. */
export const maxAttempts = 6;
const maxPauseSeconds = Array.from({ length: maxAttempts + 1 }, (_, attempts) => backoffMs(attempts, () => 1) / 1000);

/** Clients that reconnect in a second. Each needs a handshake and a hello. */
export const reconnectRate = ({ connectsPerSecond, requestsPerSecond, quietRequests }: System): number =>
  Math.min(connectsPerSecond, Math.max(0, requestsPerSecond - quietRequests) / 2);

/** Maximum of open connections: API Gateway closes each after two hours. */
export const maxConnections = (system: System): number => reconnectRate(system) * connectionMaxSeconds;

/**
 * Seconds until given shares of all clients have reconnected after all connections end at once. The model follows the
 * averages: refused clients spread their next attempt evenly over their backoff, and all clients that try at one moment
 * have the same chance.
 *
 * @param shares above 0; 1 means all but half a client
 * @returns seconds for each share; Infinity if the number of connections exceeds the maximum
 */
export function reconnectSeconds(system: System, connections: number, shares: readonly number[]): number[] {
  if (connections > maxConnections(system)) return shares.map(() => Infinity);
  const wanted = shares.map((share) => Math.min(share * connections, connections - 0.5));
  const reached = shares.map(() => Infinity);
  const rate = reconnectRate(system);
  const step = Math.min(0.05, Math.max(0.005, connections / rate / 4_000));
  const backoffs = maxPauseSeconds.map((seconds) => new Backoff(Math.round(seconds / step)));
  let [tokens, back] = [system.connectBurst, 0];
  backoffs[0]?.add(connections);
  for (let at = 1; reached.includes(Infinity); at += 1) {
    tokens = Math.min(system.connectBurst, tokens + rate * step);
    const trying = backoffs.map((backoff) => backoff.next());
    const all = trying.reduce((sum, count) => sum + count, 0);
    const share = all > tokens ? tokens / all : 1;
    for (const [attempts, count] of trying.entries())
      backoffs[Math.min(attempts + 1, maxAttempts)]?.add(count * (1 - share));
    tokens -= all * share;
    back += all * share;
    for (const [i, goal] of wanted.entries()) if (reached[i] === Infinity && back >= goal) reached[i] = at * step;
  }
  return reached;
}

/** Clients with the same maximum backoff. Of those that start in one step, an equal part tries in each step of it. */
class Backoff {
  private readonly startSeconds: number[];
  private at = 0;
  private perStep = 0;

  constructor(steps: number) {
    this.startSeconds = new Array(steps).fill(0);
  }

  /** Clients start to wait in this step. */
  add(count: number): void {
    const part = count / this.startSeconds.length;
    this.startSeconds[this.at] = (this.startSeconds[this.at] ?? 0) + part;
    this.perStep += part;
  }

  /** @returns the number of clients that try in the next step */
  next(): number {
    const trying = this.perStep;
    this.at = (this.at + 1) % this.startSeconds.length;
    // The clients that started a whole backoff ago have all tried.
    this.perStep = Math.max(0, this.perStep - (this.startSeconds[this.at] ?? 0));
    this.startSeconds[this.at] = 0;
    return trying;
  }
}
