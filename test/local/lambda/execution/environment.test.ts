import { afterEach, describe, expect, test } from "vitest";
import {
  type Environment,
  type FunctionSpec,
  startEnvironment,
} from "../../../../local/lambda/execution/environment.ts";
import { handlersFolder } from "../../support/small-template.ts";

const open: Environment[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((environment) => environment.close()));
});

const spec = (handler: string): FunctionSpec => ({
  logicalId: "Function",
  folder: handlersFolder,
  handler: `index.${handler}`,
  functionName: "function",
  functionArn: "arn:aws:lambda:us-east-1:000000000000:function:function",
  logGroupName: "/aws/lambda/function",
  memoryMb: 128,
  timeoutMs: 10_000,
  variables: { COLOUR: "blue" },
});
async function start(handler: string, changes: Partial<FunctionSpec> = {}) {
  const printed: string[] = [];
  const environment = startEnvironment({ ...spec(handler), ...changes }, (text) => printed.push(text));
  open.push(environment);
  await environment.ready;
  return { environment, printed };
}

test("the state of the module is kept from event to event", async () => {
  const { environment } = await start("count");
  expect(await environment.run({ a: 1 })).toEqual({ ok: true, payload: { events: 1, event: { a: 1 } } });
  expect(await environment.run(null)).toEqual({ ok: true, payload: { events: 2, event: null } });
});

test("the function sees the given variables and none of this process", async () => {
  const { environment } = await start("variables");
  expect(await environment.run({})).toEqual({
    ok: true,
    payload: { COLOUR: "blue", AWS_LAMBDA_LOG_STREAM_NAME: expect.stringContaining("[$LATEST]") },
  });
});

test("the context describes the function and the remaining time", async () => {
  const { environment } = await start("context");
  expect(await environment.run({})).toMatchObject({
    payload: {
      awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      functionName: "function",
      invokedFunctionArn: "arn:aws:lambda:us-east-1:000000000000:function:function",
      memoryLimitInMB: "128",
      remainingMs: expect.any(Number),
    },
  });
});

describe("between two events the environment is frozen", () => {
  test("a timer of one event fires during the next event that waits", async () => {
    const { environment } = await start("leaveTimer");
    await environment.run({});
    // Long enough for the timer to fire if the environment were not frozen.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await environment.run({ wait: true })).toMatchObject({ payload: { before: 0 } });
    expect(await environment.run({})).toMatchObject({ payload: { before: 2 } });
  });

  test("a promise that was not awaited does not continue", async () => {
    const { environment } = await start("leavePromise");
    await environment.run({});
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await environment.run({})).toEqual({ ok: true, payload: { fired: [] } });
  });
});

describe("a failure is an outcome", () => {
  test.each([
    ["an error that the handler throws", "fail", "threw", "RangeError", "too far"],
    ["a thrown value that is not an Error", "throwText", "threw", "string", "just a text"],
    ["a result that is not JSON", "circular", "threw", "TypeError", /circular structure/],
    ["a result of more than 6 MB", "huge", "threw", "Function.ResponseSizeTooLarge", /6291556 bytes/],
    ["an exit", "exit", "crashed", "Runtime.ExitError", /exit status 3/],
    ["an uncaught exception", "uncaught", "crashed", "TypeError", "this error is not caught"],
    [
      "an unhandled rejection",
      "unhandled",
      "crashed",
      "Runtime.UnhandledPromiseRejection",
      "this rejection is not handled",
    ],
    ["a promise that never settles", "neverSettles", "crashed", "Runtime.NodeJsExit", /never settled/],
    ["a handler with a callback", "callback", "crashed", "Runtime.CallbackHandlerDeprecated", /return a promise/],
    ["a handler that is not exported", "missing", "crashed", "Runtime.HandlerNotFound", /index\.missing/],
  ])("%s", async (_, handler, reason, errorType, errorMessage) => {
    const { environment, printed } = await start(handler);
    const outcome = await environment.run({});
    expect(outcome).toMatchObject({ ok: false, reason, errorType });
    expect(outcome).toHaveProperty("errorMessage", expect.stringMatching(errorMessage));
    expect(environment.isUsable()).toBe(reason === "threw");
    expect(printed.join("").length > 0).toBe(handler !== "exit" && handler !== "huge");
  });

  test("a missing module", async () => {
    const { environment } = await start("count", { handler: "nowhere.handler" });
    expect(await environment.run({})).toMatchObject({ ok: false, errorType: "Runtime.ImportModuleError" });
  });

  test.each(["sleepLong", "spin"])("a timeout, also of a busy handler (%s)", async (handler) => {
    const { environment } = await start(handler, { timeoutMs: 100 });
    expect(await environment.run({})).toMatchObject({
      ok: false,
      reason: "timedOut",
      errorType: "Sandbox.Timedout",
      errorMessage: expect.stringMatching(/Task timed out after 0\.10 seconds$/),
    });
    expect(environment.isUsable()).toBe(false);
  });
});

test("a result of undefined is null", async () => {
  const { environment } = await start("nothing");
  expect(await environment.run({})).toEqual({ ok: true, payload: null });
});

test("printed text arrives before the outcome", async () => {
  const { environment, printed } = await start("print");
  await environment.run({ text: "hello" });
  expect(printed).toEqual(["hello\n"]);
});
