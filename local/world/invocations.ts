import { randomBytes } from "node:crypto";
import type { InvocationChain } from "../lambda/event-source/recursion-guard.ts";
import type { CrashDecision } from "./faults.ts";

/** A run of a function. */
export interface Invocation {
  /** Logical id. */
  readonly functionId: string;
  /** What it called, in the order in which the calls arrived: `dynamodb:PutItem`, `execute-api:POST`. */
  readonly calls: readonly string[];
  readonly outcome: "running" | "returned" | "failed";
}

/** Who calls AWS, and whether it lives to see the answer. */
export interface Invocations {
  /** @param kill ends the environment at once */
  begin(functionId: string, chain: InvocationChain, kill: () => void): InvocationHandle;
  /**
   * Serves a call of a function, unless the function dies of it.
   *
   * @param trace the call's header `X-Amzn-Trace-Id`
   * @param name such as `dynamodb:PutItem`
   * @returns `undefined` if nobody is left to hear the answer
   */
  serve<T>(trace: string | undefined, name: string, run: () => Promise<T>): Promise<T | undefined>;
  /** The chain that the invocation is part of; `undefined` if the call is none of a function. */
  chainOf(trace: string | undefined): InvocationChain | undefined;
  /** The newest ones, oldest first. */
  readonly all: readonly Invocation[];
}

/** One invocation, as its environment needs it. */
export interface InvocationHandle {
  /** The SDK sends it with every call that it makes in this invocation. */
  readonly trace: string;
  end(outcome: "returned" | "failed"): void;
}

const maxInvocations = 5_000;

interface Running {
  invocation: { functionId: string; calls: string[]; outcome: Invocation["outcome"] };
  chain: InvocationChain;
  kill: () => void;
  isDead: boolean;
}

/** @param faults asked once for each call */
export function createInvocations(faults: CrashDecision): Invocations {
  const all: Invocation[] = [];
  const runningByTrace = new Map<string, Running>();
  const find = (trace: string | undefined) => runningByTrace.get(trace ?? "");
  const killInvocation = (running: Running) => {
    running.isDead = true;
    running.kill();
  };
  return {
    all,
    begin: (functionId, chain, kill) => {
      const trace = `Root=1-${hex(4)}-${hex(12)};Parent=${hex(8)};Sampled=0`;
      const invocation: Running["invocation"] = { functionId, calls: [], outcome: "running" };
      const running = { invocation, chain, kill, isDead: false };
      runningByTrace.set(trace, running);
      all.push(invocation);
      if (all.length > maxInvocations) all.shift();
      return {
        trace,
        end: (outcome) => {
          invocation.outcome = outcome;
          // Requests of one that was killed may still be on their way.
          if (!running.isDead) runningByTrace.delete(trace);
        },
      };
    },
    serve: async (trace, name, run) => {
      const running = find(trace);
      if (!running) return run();
      if (running.isDead) return undefined;
      const { functionId, calls } = running.invocation;
      const crash = faults.crashOf(functionId, calls.push(name));
      if (crash === "before") {
        killInvocation(running);
        return undefined;
      }
      const answer = await run();
      if (crash === "after") killInvocation(running);
      return running.isDead ? undefined : answer;
    },
    chainOf: (trace) => find(trace)?.chain,
  };
}

const hex = (bytes: number) => randomBytes(bytes).toString("hex");
