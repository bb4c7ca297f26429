import { backoffMs } from "../../../client/runtime/backoff.ts";
import { connectionMaxSeconds } from "../../../protocol/limits.ts";
import { maxAttempts } from "../reconnect-model.ts";
import type { System } from "../system.ts";
import { DelayLine } from "./delay-line.ts";
import { arrivals, type Random, seeded, wholeOf } from "./random.ts";
import { TokenBucket } from "./token-bucket.ts";

export interface ReconnectRun {
  /** Number of connected clients at the end of each tick. */
  back: number[];
  /** Handshakes refused by API Gateway. */
  refused: number;
}

/** Time a client waits for the reply to its hello before it repeats it. */
const answerSeconds = 10;

/** Clients in backoff, by number of attempts. */
class Waiting {
  private readonly byAttempts: { ticks: number; delayLine: DelayLine }[];
  private readonly random: Random;

  constructor(tick: number, random: Random) {
    this.random = random;
    this.byAttempts = Array.from({ length: maxAttempts + 1 }, (_, attempts) => {
      const ticks = Math.max(1, Math.round(backoffMs(attempts, () => 1) / 1000 / tick));
      return { ticks, delayLine: new DelayLine(ticks) };
    });
  }

  /** Full jitter: each client waits for a random time up to its backoff. */
  add(attempts: number, count: number): void {
    const { random } = this;
    const waiting = this.byAttempts[Math.min(attempts, maxAttempts)];
    if (!waiting) return;
    const { ticks, delayLine } = waiting;
    if (count <= 2 * ticks) {
      for (let i = 0; i < count; i += 1) delayLine.add(1 + Math.floor(random() * ticks), 1);
      return;
    }
    // Many clients spread evenly over the ticks.
    for (let [ahead, left] = [1, count]; ahead <= ticks; ahead += 1) {
      const now = Math.min(left, wholeOf(left / (ticks - ahead + 1), random));
      delayLine.add(ahead, now);
      left -= now;
    }
  }

  /** @returns the number of clients that try now, by number of attempts */
  next(): number[] {
    return this.byAttempts.map(({ delayLine }) => delayLine.next());
  }
}

/**
 * Simulates an outage: all connections end at once, and every client reconnects as the SDK does, until all are connected
 * or the time is over. A connection ends again after two hours.
 *
 * @param tickSeconds short compared to the client's first backoff, half a second
 */
export function simulateReconnect(
  system: System,
  connections: number,
  { seed, tickSeconds: tick, maxSeconds }: { seed: number; tickSeconds: number; maxSeconds: number },
): ReconnectRun {
  const random = seeded(seed);
  const shared = new TokenBucket(system.requestsPerSecond, system.requestBurst);
  const handshakes = new TokenBucket(system.connectsPerSecond, system.connectBurst);
  const waiting = new Waiting(tick, random);
  waiting.add(0, connections);
  const again = new DelayLine(Math.ceil(answerSeconds / tick));
  const ends = new DelayLine(Math.ceil(Math.min(connectionMaxSeconds, maxSeconds + tick) / tick));
  const run: ReconnectRun = { back: [], refused: 0 };
  let hellos = 0;
  for (let [now, back] = [0, 0]; now < maxSeconds && back < connections; now += tick) {
    shared.pass(tick);
    handshakes.pass(tick);
    const ended = ends.next();
    back -= ended;
    waiting.add(0, ended);
    const trying = waiting.next();
    // A refused handshake does not count against the quota of requests.
    const passed = handshakes.share(trying, random);
    const greeting = hellos + again.next();
    const quiet = arrivals((system.quietRequests * tick * back) / connections, random);
    const granted = shared.share([...passed, greeting, quiet], random);
    const [greeted = 0] = granted.slice(passed.length);
    hellos = 0;
    for (const [attempts, count] of trying.entries()) {
      const open = granted[attempts] ?? 0;
      hellos += open;
      run.refused += count - open;
      waiting.add(attempts + 1, count - open);
    }
    again.add(answerSeconds / tick, greeting - greeted);
    back += greeted;
    if (now + connectionMaxSeconds < maxSeconds) ends.add(connectionMaxSeconds / tick, greeted);
    run.back.push(back);
  }
  return run;
}

/** @returns seconds until the share of all clients was connected; Infinity if that did not happen */
export function secondsUntil({ back }: ReconnectRun, connections: number, share: number, tickSeconds: number): number {
  const ticks = back.findIndex((count) => count >= share * connections);
  return ticks < 0 ? Infinity : (ticks + 1) * tickSeconds;
}
