// One execution environment: loads the function's code, then handles one event at a time. It runs in a thread of its
// own, and that thread sleeps between events: timers and promises that nobody awaited do not run on, as on Lambda.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import type { EnvironmentMessage, EnvironmentStart, EventMessage, LambdaError } from "./worker-messages.ts";

type Handler = (event: unknown, context: unknown) => unknown;

const start: EnvironmentStart = workerData;
const wake = new Int32Array(start.wake);
const port = parentPort;
if (!port) throw new Error("worker.ts runs in a worker thread only");
const tell = (message: EnvironmentMessage) => port.postMessage(message);

// The thread's own streams hand over their text when the event loop turns, which is after the thaw.
for (const stream of [process.stdout, process.stderr]) {
  stream.write = (chunk: string | Uint8Array) => {
    tell({ kind: "printed", text: typeof chunk === "string" ? chunk : Buffer.from(chunk).toString() });
    return true;
  };
}
const crash = (error: LambdaError): never => {
  tell({ kind: "crashed", error });
  process.exit(1);
};
process.on("uncaughtException", (error) => crash(describe(error)));
process.on("unhandledRejection", (reason) => {
  const { errorMessage, trace } = describe(reason);
  crash({ errorType: "Runtime.UnhandledPromiseRejection", errorMessage, ...(trace && { trace }) });
});
process.on("beforeExit", () =>
  crash({
    errorType: "Runtime.NodeJsExit",
    errorMessage: "nothing is left to run, and the handler's promise was never settled",
  }),
);

const handler = await load(start).catch((error) => crash(describe(error)));
tell({ kind: "ready" });
while (true) {
  Atomics.wait(wake, 0, 0);
  Atomics.store(wake, 0, 0);
  const { message }: { message: EventMessage } = receiveMessageOnPort(port) ?? { message: undefined };
  tell(await handle(message));
}

async function handle({ requestId, event, deadlineMs, trace }: EventMessage): Promise<EnvironmentMessage> {
  const context = {
    awsRequestId: requestId,
    functionName: start.functionName,
    functionVersion: "$LATEST",
    invokedFunctionArn: start.functionArn,
    logGroupName: start.logGroupName,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    memoryLimitInMB: String(start.memoryMb),
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
  };
  if (trace !== undefined) process.env._X_AMZN_TRACE_ID = trace;
  try {
    return { kind: "returned", value: JSON.stringify(await handler(JSON.parse(event), context)) ?? "null" };
  } catch (error) {
    return { kind: "threw", error: describe(error) };
  }
}

async function load({ folder, handler: path }: EnvironmentStart): Promise<Handler> {
  const dot = path.lastIndexOf(".");
  const [name, exported] = [path.slice(0, dot), path.slice(dot + 1)];
  const file = [".mjs", ".js", ".cjs"].map((ending) => join(folder, name + ending)).find((each) => existsSync(each));
  if (file === undefined) throw runtimeError("ImportModuleError", `Cannot find module '${name}'`);
  const module: Record<string, unknown> = await import(pathToFileURL(file).href);
  const found = module[exported];
  if (typeof found !== "function") throw runtimeError("HandlerNotFound", `${path} is undefined or not exported`);
  if (found.length > 2) {
    throw runtimeError(
      "CallbackHandlerDeprecated",
      `${path} takes a callback, which Node.js 24 on Lambda no longer supports: return a promise`,
    );
  }
  return found as Handler;
}

function runtimeError(type: string, message: string): Error {
  const error = new Error(message);
  error.name = `Runtime.${type}`;
  return error;
}

function describe(error: unknown): LambdaError {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error) };
  const trace = (error.stack ?? "").split("\n");
  // The function's own code: what is around it says nothing to its author.
  const own = trace.filter((line) => !line.includes(import.meta.url) && !line.includes("(node:internal/"));
  return { errorType: error.name, errorMessage: error.message, trace: own };
}
