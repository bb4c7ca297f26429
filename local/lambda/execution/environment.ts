import { randomUUID } from "node:crypto";
import { Worker } from "node:worker_threads";
import type { EnvironmentMessage, EnvironmentStart, EventMessage, LambdaError } from "./worker-messages.ts";

/** A function of the template, resolved for its execution environments. */
export interface FunctionSpec extends Omit<EnvironmentStart, "wake"> {
  logicalId: string;
  timeoutMs: number;
  /** All environment variables. None of this process are added. */
  variables: Readonly<Record<string, string>>;
}

/** The result of one invocation. */
export type Outcome =
  | { ok: true; payload: unknown }
  /** After `threw` the environment stays in use; the other reasons end it. */
  | ({ ok: false; reason: "threw" | "timedOut" | "crashed" } & LambdaError);

/** An execution environment: a thread that handles one event at a time and is frozen between two events. */
export interface Environment {
  /**
   * Resolves when the code is loaded or has failed to load. In the second case the outcome of `run` holds the reason.
   */
  readonly ready: Promise<void>;
  /**
   * Runs one event. Call it only after `ready`, and after the previous event has its outcome.
   *
   * @param trace the trace header of the function's calls to AWS
   */
  run(event: unknown, trace?: string): Promise<Outcome>;
  /** Ends the environment at once, in the middle of an event. */
  kill(): void;
  /** False once the environment has ended. */
  isUsable(): boolean;
  close(): Promise<void>;
}

/** Lambda's limit for loading the code of a function. */
const initTimeoutMs = 10_000;
const workerFile = new URL("./worker.ts", import.meta.url);

/** Starts a new environment (a cold start). */
export function startEnvironment(spec: FunctionSpec, print: (text: string) => void): Environment {
  const { variables, timeoutMs, ...rest } = spec;
  const wake = new SharedArrayBuffer(4);
  const start: EnvironmentStart = { ...rest, wake };
  const worker = new Worker(workerFile, {
    workerData: start,
    env: { ...variables, AWS_LAMBDA_LOG_STREAM_NAME: logStreamName() },
    argv: [],
    execArgv: [],
    name: spec.functionName,
    resourceLimits: { maxOldGenerationSizeMb: spec.memoryMb },
  });
  const { promise: ready, resolve: markReady } = Promise.withResolvers<void>();
  let settle: ((outcome: Outcome) => void) | undefined;
  let ended: Outcome | undefined;

  const settleEvent = (outcome: Outcome) => {
    settle?.(outcome);
    settle = undefined;
  };
  const end = (outcome: Outcome) => {
    ended ??= outcome;
    settleEvent(ended);
    markReady();
  };
  const printError = ({ errorType, errorMessage, trace }: LambdaError) =>
    print(`${trace ? trace.join("\n") : `${errorType}: ${errorMessage}`}\n`);

  worker.on("message", (message: EnvironmentMessage) => {
    switch (message.kind) {
      case "printed":
        return print(message.text);
      case "ready":
        return markReady();
      case "returned":
        return settleEvent(toOutcome(message.value));
      case "threw":
        printError(message.error);
        return settleEvent({ ok: false, reason: "threw", ...message.error });
      case "crashed":
        printError(message.error);
        return end({ ok: false, reason: "crashed", ...message.error });
      default:
        return message satisfies never;
    }
  });
  // The heap limit was reached, or the worker itself failed.
  worker.on("error", (error) =>
    end({ ok: false, reason: "crashed", errorType: "Runtime.ExitError", errorMessage: error.message }),
  );
  worker.on("exit", (code) => end({ ok: false, reason: "crashed", ...exitError(code) }));

  const startTimeout = (limitMs: number, requestId: string) =>
    setTimeout(() => {
      const error = timedOut(requestId, limitMs);
      printError(error);
      end({ ok: false, reason: "timedOut", ...error });
      void worker.terminate();
    }, limitMs);
  const initTimeout = startTimeout(initTimeoutMs, "init");
  void ready.then(() => clearTimeout(initTimeout));

  return {
    ready,
    run: async (event, trace) => {
      if (ended) return ended;
      const requestId = randomUUID();
      const { promise: outcome, resolve } = Promise.withResolvers<Outcome>();
      settle = resolve;
      const timeout = startTimeout(timeoutMs, requestId);
      const deadlineMs = Date.now() + timeoutMs;
      worker.postMessage({ requestId, event: JSON.stringify(event), deadlineMs, trace } satisfies EventMessage);
      const state = new Int32Array(wake);
      Atomics.store(state, 0, 1);
      Atomics.notify(state, 0);
      return outcome.finally(() => clearTimeout(timeout));
    },
    kill: () => {
      printError(killed);
      end({ ok: false, reason: "crashed", ...killed });
      void worker.terminate();
    },
    isUsable: () => ended === undefined,
    close: async () => {
      end({ ok: false, reason: "crashed", ...exitError(0) });
      await worker.terminate();
    },
  };
}

/** Lambda's limit for the result of a synchronous invocation. */
const maxPayloadBytes = 6_291_556;

function toOutcome(json: string): Outcome {
  if (Buffer.byteLength(json) <= maxPayloadBytes) return { ok: true, payload: JSON.parse(json) };
  return {
    ok: false,
    reason: "threw",
    errorType: "Function.ResponseSizeTooLarge",
    errorMessage: `Response payload size exceeded maximum allowed payload size (${maxPayloadBytes} bytes).`,
  };
}

const timedOut = (requestId: string, limitMs: number): LambdaError => ({
  errorType: "Sandbox.Timedout",
  errorMessage: `RequestId: ${requestId} Error: Task timed out after ${(limitMs / 1000).toFixed(2)} seconds`,
});

const killed: LambdaError = {
  errorType: "Runtime.ExitError",
  errorMessage: "Error: Runtime exited with error: signal: killed",
};

const exitError = (code: number): LambdaError => ({
  errorType: "Runtime.ExitError",
  errorMessage: `Error: Runtime exited with error: exit status ${code}`,
});

const logStreamName = () =>
  `${new Date().toISOString().slice(0, 10).replaceAll("-", "/")}/[$LATEST]${randomUUID().replaceAll("-", "")}`;
