import { afterEach, expect, test } from "vitest";
import { createEnvironmentPool, type EnvironmentPool } from "../../../../local/lambda/execution/environment-pool.ts";
import { handlersFolder } from "../../support/small-template.ts";

let pool: EnvironmentPool | undefined;
afterEach(() => pool?.close());

function open(handler: string, environmentsMax: number): EnvironmentPool {
  const spec = {
    logicalId: "Function",
    folder: handlersFolder,
    handler: `index.${handler}`,
    functionName: "function",
    functionArn: "arn:aws:lambda:us-east-1:000000000000:function:function",
    logGroupName: "/aws/lambda/function",
    memoryMb: 128,
    timeoutMs: 10_000,
    variables: {},
  };
  pool = createEnvironmentPool(spec, environmentsMax, () => {});
  return pool;
}
const times = <T>(count: number, run: () => Promise<T>) => Promise.all(Array.from({ length: count }, run));

test("an environment handles one event at a time", async () => {
  const { run } = open("overlap", 1);
  expect(await times(5, () => run({}))).toEqual(Array(5).fill({ ok: true, payload: 1 }));
});

test("events beyond the allowed environments wait, and none is lost", async () => {
  const { run } = open("countSlowly", 1);
  const outcomes = await times(10, () => run({}));
  // One environment has counted them all.
  expect(outcomes).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((payload) => ({ ok: true, payload })));
});

test("an idle environment is used again", async () => {
  const { run } = open("count", 8);
  for (const events of [1, 2, 3]) expect(await run({})).toMatchObject({ ok: true, payload: { events } });
});

test("after a crash the event that waits gets a new environment", async () => {
  const { run } = open("exitWhenAsked", 1);
  const [first, second] = await Promise.all([run({ exit: true }), run({})]);
  expect(first).toMatchObject({ ok: false, reason: "crashed" });
  expect(second).toEqual({ ok: true, payload: "fine" });
});

test("every event hears that the code cannot be loaded", async () => {
  const { run } = open("missing", 2);
  for (const outcome of await times(5, () => run({}))) {
    expect(outcome).toMatchObject({ ok: false, errorType: "Runtime.HandlerNotFound" });
  }
});

test("closing ends events that run or wait", async () => {
  const { run, close } = open("sleepLong", 1);
  const outcomes = times(3, () => run({}));
  await close();
  for (const outcome of await outcomes) expect(outcome).toMatchObject({ ok: false, reason: "crashed" });
});
