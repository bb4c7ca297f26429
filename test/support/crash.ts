import { setImmediate } from "node:timers/promises";
import type { Harness, Turn } from "./harness.ts";

/** Where a Lambda dies: right before its n-th call takes effect, or right after, before it knows. */
export interface CrashPoint {
  call: number;
  moment: "before" | "after";
}

class Died extends Error {
  override name = "Died";
}

/** How many calls to tables, gateway and queue the work makes. */
export async function countCalls(harness: Harness, work: () => Promise<unknown>): Promise<number> {
  let calls = 0;
  await inTurns(harness, work, (call) => {
    calls += 1;
    return call();
  });
  return calls;
}

/** Runs the work in a Lambda that dies at the point: nothing that it would have done then happens. */
export async function crash(
  harness: Harness,
  work: () => Promise<unknown>,
  { call, moment }: CrashPoint,
): Promise<void> {
  let calls = 0;
  let isDead = false;
  const running: Promise<unknown>[] = [];
  const dying = async () => {
    await work().catch((error: unknown) => {
      if (!(error instanceof Died)) throw error;
    });
    // What was under way when it died has been sent already; what would have come next, side by side, is not.
    await Promise.allSettled(running);
    await setImmediate();
  };
  await inTurns(harness, dying, (effect) => {
    if (isDead) return Promise.reject(new Died());
    calls += 1;
    if (calls < call) {
      const done = effect();
      running.push(done);
      return done;
    }
    isDead = true;
    if (moment === "before") return Promise.reject(new Died());
    const done = effect();
    running.push(done);
    return done.then(() => Promise.reject(new Died()));
  });
}

/** Runs the work and, right before its n-th call takes effect, the action of another Lambda. */
export async function interleave(
  harness: Harness,
  work: () => Promise<unknown>,
  call: number,
  action: () => Promise<unknown>,
): Promise<void> {
  const usual = harness.turn;
  let calls = 0;
  await inTurns(harness, work, async (effect) => {
    calls += 1;
    if (calls === call) {
      harness.turn = usual;
      await action();
    }
    return effect();
  });
}

async function inTurns(harness: Harness, work: () => Promise<unknown>, turn: Turn): Promise<void> {
  const usual = harness.turn;
  harness.turn = turn;
  try {
    await work();
  } finally {
    harness.turn = usual;
  }
}
