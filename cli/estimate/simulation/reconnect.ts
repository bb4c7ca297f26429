import { backoffMs } from "../../../client/runtime/backoff.ts";
import { lifeSeconds } from "../architecture.ts";
import type { System } from "../system.ts";
import { Bucket } from "./token-bucket.ts";
import { Later } from "./delay-line.ts";
import { arrivals, type Random, seeded, wholeOf } from "./random.ts";

export interface ReconnectRun {
  /** How many are back at the end of each tick. */
  back: number[];
  /** Handshakes that API Gateway refused. */
  refused: number;
}

/** From so many tries on the client's pauses do not grow. */
const mostTries = 6;
/** How long a client waits for the answer to its hello before it says it again. */
const answerSeconds = 10;

/** Who waits for how long, by how often they have tried. */
class Waiting {
  private readonly byTries: { ticks: number; later: Later }[];
  private readonly random: Random;

  constructor(tick: number, random: Random) {
    this.random = random;
    this.byTries = Array.from({ length: mostTries + 1 }, (_, tries) => {
      const ticks = Math.max(1, Math.round(backoffMs(tries, () => 1) / 1000 / tick));
      return { ticks, later: new Later(ticks) };
    });
  }

  /** Full jitter: each waits for anything up to the client's limit. */
  add(tries: number, count: number): void {
    const { random } = this;
    const waiting = this.byTries[Math.min(tries, mostTries)];
    if (!waiting) return;
    const { ticks, later } = waiting;
    if (count <= 2 * ticks) {
      for (let i = 0; i < count; i += 1) later.add(1 + Math.floor(random() * ticks), 1);
      return;
    }
    // Many: what falls into each tick is about the same.
    for (let [ahead, left] = [1, count]; ahead <= ticks; ahead += 1) {
      const now = Math.min(left, wholeOf(left / (ticks - ahead + 1), random));
      later.add(ahead, now);
      left -= now;
    }
  }

  /** @returns how many try now, by how often they have tried */
  next(): number[] {
    return this.byTries.map(({ later }) => later.next());
  }
}

/**
 * All connections end at once, and every client comes back as ours does, until all are back or the time is over. A
 * connection that is back ends again after two hours.
 *
 * @param tickSeconds short beside the client's first pause, half a second
 */
export function simulateReconnect(
  system: System,
  connections: number,
  { seed, tickSeconds: tick, mostSeconds }: { seed: number; tickSeconds: number; mostSeconds: number },
): ReconnectRun {
  const random = seeded(seed);
  const shared = new Bucket(system.requestsPerSecond, system.requestBurst);
  const handshakes = new Bucket(system.connectsPerSecond, system.connectBurst);
  const waiting = new Waiting(tick, random);
  waiting.add(0, connections);
  const again = new Later(Math.ceil(answerSeconds / tick));
  const ends = new Later(Math.ceil(Math.min(lifeSeconds, mostSeconds + tick) / tick));
  const run: ReconnectRun = { back: [], refused: 0 };
  let hellos = 0;
  for (let [now, back] = [0, 0]; now < mostSeconds && back < connections; now += tick) {
    shared.pass(tick);
    handshakes.pass(tick);
    const ended = ends.next();
    back -= ended;
    waiting.add(0, ended);
    const trying = waiting.next();
    // A refused handshake takes nothing of the requests.
    const passed = handshakes.share(trying, random);
    const greeting = hellos + again.next();
    const quiet = arrivals((system.quietRequests * tick * back) / connections, random);
    const granted = shared.share([...passed, greeting, quiet], random);
    const [greeted = 0] = granted.slice(passed.length);
    hellos = 0;
    for (const [tries, count] of trying.entries()) {
      const open = granted[tries] ?? 0;
      hellos += open;
      run.refused += count - open;
      waiting.add(tries + 1, count - open);
    }
    again.add(answerSeconds / tick, greeting - greeted);
    back += greeted;
    if (now + lifeSeconds < mostSeconds) ends.add(lifeSeconds / tick, greeted);
    run.back.push(back);
  }
  return run;
}

/** @returns seconds until that share of all was back; Infinity if it never was */
export function secondsUntil({ back }: ReconnectRun, connections: number, share: number, tickSeconds: number): number {
  const ticks = back.findIndex((count) => count >= share * connections);
  return ticks < 0 ? Infinity : (ticks + 1) * tickSeconds;
}
