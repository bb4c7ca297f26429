import { randomBytes } from "node:crypto";
import type { CrashDecision } from "./faults.ts";

/** A record of one invocation of a function. */
export interface Invocation {
  /** Logical id. */
  readonly functionId: string;
  /** Its calls to AWS in the order in which they arrived: `dynamodb:PutItem`, `execute-api:POST`. */
  readonly calls: readonly string[];
  readonly outcome: "running" | "returned" | "failed";
}

/**
 * How often each function (by logical id) was invoked in a chain of invocations that are linked by queue messages. A
 * function that sends to the queue that invokes it appears more than once in its own chain.
 */
export type InvocationChain = Readonly<Record<string, number>>;

/** Records invocations and their calls to AWS, and kills functions where a crash fault strikes. */
export interface Invocations {
  /**
   * Records the start of an invocation.
   *
   * @param kill ends the execution environment at once
   */
  begin(functionId: string, chain: InvocationChain, kill: () => void): InvocationHandle;
  /**
   * Serves a call of a function, unless a fault kills the function at this call.
   *
   * @param trace the call's header `X-Amzn-Trace-Id`; a call without a known trace belongs to no invocation
   * @param name such as `dynamodb:PutItem`
   * @returns `undefined` if the function is dead and cannot receive a response
   */
  serve<T>(trace: string | undefined, name: string, run: () => Promise<T>): Promise<T | undefined>;
  /** The chain of the invocation with this trace header; `undefined` if the trace is unknown. */
  chainOf(trace: string | undefined): InvocationChain | undefined;
  /** The newest 5,000 invocations, oldest first. */
  readonly all: readonly Invocation[];
}

/** A running invocation, for the execution environment that runs it. */
export interface InvocationHandle {
  /** The AWS SDK sends it as `X-Amzn-Trace-Id` with every call of this invocation. */
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

/** @param faults consulted once for each call */
export function createInvocations(faults: CrashDecision): Invocations {
  const all: Invocation[] = [];
  const runningByTrace = new Map<string, Running>();
  const find = (trace: string | undefined) => runningByTrace.get(trace ?? "");
  const killFunction = (running: Running) => {
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
          // Requests of a killed function can still arrive, and must not be served.
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
        killFunction(running);
        return undefined;
      }
      const response = await run();
      if (crash === "after") killFunction(running);
      return running.isDead ? undefined : response;
    },
    chainOf: (trace) => find(trace)?.chain,
  };
}

const hex = (bytes: number) => randomBytes(bytes).toString("hex");
