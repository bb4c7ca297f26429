import { setImmediate } from "node:timers/promises";
import type { Harness } from "./harness.ts";

/** Where a Lambda function dies: before its n-th call takes effect, or after that, before it has the result. */
export interface CrashPoint {
  /** Counts from 1. */
  call: number;
  moment: "before" | "after";
}

class Died extends Error {
  override name = "Died";
}

/** Runs the work. @returns how many calls it makes to tables, the gateway and queues */
export async function countCalls(harness: Harness, work: () => Promise<unknown>): Promise<number> {
  let calls = 0;
  await harness.withAroundCall((call) => {
    calls += 1;
    return call();
  }, work);
  return calls;
}

/** Runs the work in a Lambda function that dies at the crash point: none of its later calls takes effect. */
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
    // Calls that ran at the moment of the crash have been sent and take effect. Parallel work starts no further calls.
    await Promise.allSettled(running);
    await setImmediate();
  };
  await harness.withAroundCall((effect) => {
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
  }, dying);
}

/** Runs the work, and another operation from start to end right before the n-th call of the work takes effect. */
export async function interleave(
  harness: Harness,
  work: () => Promise<unknown>,
  call: number,
  operation: () => Promise<unknown>,
): Promise<void> {
  const former = harness.aroundCall;
  let calls = 0;
  await harness.withAroundCall(async (effect) => {
    calls += 1;
    if (calls === call) {
      harness.aroundCall = former;
      await operation();
    }
    return effect();
  }, work);
}
