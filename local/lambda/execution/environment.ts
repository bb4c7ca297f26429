import { randomUUID } from "node:crypto";
import { Worker } from "node:worker_threads";
import type { EnvironmentMessage, EnvironmentStart, EventMessage, LambdaError } from "./worker-messages.ts";

/** A function of the template, ready to be run. */
export interface FunctionSpec extends Omit<EnvironmentStart, "wake"> {
  logicalId: string;
  timeoutMs: number;
  /** The whole environment: nothing of this process's own is added. */
  variables: Readonly<Record<string, string>>;
}

export type Outcome =
  | { ok: true; payload: unknown }
  /** `threw` leaves the environment in use, the others end it. */
  | ({ ok: false; reason: "threw" | "timedOut" | "crashed" } & LambdaError);

/** One thread that handles one event at a time and sleeps in between. */
export interface Environment {
  /** Settles once the code is loaded, or has failed to load: `run` then tells why. */
  readonly ready: Promise<void>;
  /**
   * Not before `ready`, and not before the event before has its outcome.
   *
   * @param trace goes along with every call that the function makes to AWS
   */
  run(event: unknown, trace?: string): Promise<Outcome>;
  /** Ends it in the midst of whatever it does. */
  kill(): void;
  /** False once it has ended; the next event needs another one. */
  isUsable(): boolean;
  close(): Promise<void>;
}

/** Lambda ends an environment whose code was not loaded by then. */
const initTimeoutMs = 10_000;
const workerFile = new URL("./worker.ts", import.meta.url);

/** Starts a cold environment. */
export function startEnvironment(spec: FunctionSpec, print: (text: string) => void): Environment {
  const { variables, timeoutMs, ...own } = spec;
  const wake = new SharedArrayBuffer(4);
  const start: EnvironmentStart = { ...own, wake };
  const worker = new Worker(workerFile, {
    workerData: start,
    env: { ...variables, AWS_LAMBDA_LOG_STREAM_NAME: logStreamName() },
    argv: [],
    execArgv: [],
    name: spec.functionName,
    resourceLimits: { maxOldGenerationSizeMb: spec.memoryMb },
  });
  const { promise: ready, resolve: isReady } = Promise.withResolvers<void>();
  let settle: ((outcome: Outcome) => void) | undefined;
  let ended: Outcome | undefined;

  const answer = (outcome: Outcome) => {
    settle?.(outcome);
    settle = undefined;
  };
  const end = (outcome: Outcome) => {
    ended ??= outcome;
    answer(ended);
    isReady();
  };
  const report = ({ errorType, errorMessage, trace }: LambdaError) =>
    print(`${trace ? trace.join("\n") : `${errorType}: ${errorMessage}`}\n`);

  worker.on("message", (message: EnvironmentMessage) => {
    switch (message.kind) {
      case "printed":
        return print(message.text);
      case "ready":
        return isReady();
      case "returned":
        return answer(returned(message.value));
      case "threw":
        report(message.error);
        return answer({ ok: false, reason: "threw", ...message.error });
      case "crashed":
        report(message.error);
        return end({ ok: false, reason: "crashed", ...message.error });
      default:
        return message satisfies never;
    }
  });
  // The heap limit, or a fault in the worker itself.
  worker.on("error", (error) =>
    end({ ok: false, reason: "crashed", errorType: "Runtime.ExitError", errorMessage: error.message }),
  );
  worker.on("exit", (code) => end({ ok: false, reason: "crashed", ...exitError(code) }));

  const limit = (limitMs: number, requestId: string) =>
    setTimeout(() => {
      const error = timedOut(requestId, limitMs);
      report(error);
      end({ ok: false, reason: "timedOut", ...error });
      void worker.terminate();
    }, limitMs);
  const init = limit(initTimeoutMs, "init");
  void ready.then(() => clearTimeout(init));

  return {
    ready,
    run: async (event, trace) => {
      if (ended) return ended;
      const requestId = randomUUID();
      const { promise: outcome, resolve } = Promise.withResolvers<Outcome>();
      settle = resolve;
      const timeout = limit(timeoutMs, requestId);
      const deadlineMs = Date.now() + timeoutMs;
      worker.postMessage({ requestId, event: JSON.stringify(event), deadlineMs, trace } satisfies EventMessage);
      const state = new Int32Array(wake);
      Atomics.store(state, 0, 1);
      Atomics.notify(state, 0);
      return outcome.finally(() => clearTimeout(timeout));
    },
    kill: () => {
      report(killed);
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

/** Lambda's limit for a synchronous answer. */
const maxPayloadBytes = 6_291_556;

function returned(json: string): Outcome {
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
