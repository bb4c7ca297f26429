// An execution environment: loads the code of a function, then handles one event at a time. The thread blocks between
// two events. As on Lambda, timers and promises that were not awaited are frozen until the next event.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import type { EnvironmentMessage, EnvironmentStart, EventMessage, LambdaError } from "./worker-messages.ts";

type Handler = (event: unknown, context: unknown) => unknown;

const start: EnvironmentStart = workerData;
const wake = new Int32Array(start.wake);
const port = parentPort;
if (!port) throw new Error("worker.ts runs only as a worker thread; start it with startEnvironment");
const post = (message: EnvironmentMessage) => port.postMessage(message);

// A worker's own streams flush in the event loop, which is frozen after the response. Output must arrive before it.
for (const stream of [process.stdout, process.stderr]) {
  stream.write = (chunk: string | Uint8Array) => {
    post({ kind: "printed", text: typeof chunk === "string" ? chunk : Buffer.from(chunk).toString() });
    return true;
  };
}
const crash = (error: LambdaError): never => {
  post({ kind: "crashed", error });
  process.exit(1);
};
process.on("uncaughtException", (error) => crash(toLambdaError(error)));
process.on("unhandledRejection", (reason) => {
  const { errorMessage, trace } = toLambdaError(reason);
  crash({ errorType: "Runtime.UnhandledPromiseRejection", errorMessage, ...(trace && { trace }) });
});
process.on("beforeExit", () =>
  crash({
    errorType: "Runtime.NodeJsExit",
    errorMessage: "the handler's promise was never settled, and the event loop is empty",
  }),
);

const handler = await loadHandler(start).catch((error) => crash(toLambdaError(error)));
post({ kind: "ready" });
while (true) {
  Atomics.wait(wake, 0, 0);
  Atomics.store(wake, 0, 0);
  const { message }: { message: EventMessage } = receiveMessageOnPort(port) ?? { message: undefined };
  post(await handleEvent(message));
}

async function handleEvent({ requestId, event, deadlineMs, trace }: EventMessage): Promise<EnvironmentMessage> {
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
    return { kind: "threw", error: toLambdaError(error) };
  }
}

async function loadHandler({ folder, handler: path }: EnvironmentStart): Promise<Handler> {
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

function toLambdaError(error: unknown): LambdaError {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error) };
  // Only frames of the function's code are useful to its author.
  const trace = (error.stack ?? "")
    .split("\n")
    .filter((line) => !line.includes(import.meta.url) && !line.includes("(node:internal/"));
  return { errorType: error.name, errorMessage: error.message, trace };
}
