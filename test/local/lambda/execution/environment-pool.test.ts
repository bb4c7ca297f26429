import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { createEnvironmentPool, type EnvironmentPool } from "../../../../local/lambda/execution/environment-pool.ts";
import { handlersFolder } from "../../support/small-template.ts";

let pool: EnvironmentPool | undefined;
afterEach(() => pool?.close());

function open(handler: string, maxEnvironments: number): EnvironmentPool {
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
  pool = createEnvironmentPool(spec, maxEnvironments, () => {});
  return pool;
}
const times = <T>(count: number, run: () => Promise<T>) => Promise.all(Array.from({ length: count }, run));

test("an environment handles one event at a time", async () => {
  const { run } = open("overlap", 1);
  expect(await times(5, () => run({}))).toEqual(Array(5).fill({ ok: true, payload: 1 }));
});

test("events beyond the limit of environments wait, and none is lost", async () => {
  const { run } = open("countSlowly", 1);
  const outcomes = await times(10, () => run({}));
  // One environment has counted all of them.
  expect(outcomes).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((payload) => ({ ok: true, payload })));
});

test("an idle environment is reused", async () => {
  const { run } = open("count", 8);
  for (const events of [1, 2, 3]) expect(await run({})).toMatchObject({ ok: true, payload: { events } });
});

test("of several idle environments the one that was used last is used first", async () => {
  const folder = mkdtempSync(join(tmpdir(), "downlink-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "continue");
  const { run } = open("environmentId", 2);
  const last = run({ file });
  const first = await run({});
  writeFileSync(file, "");
  expect(await last).not.toEqual(first);
  expect(await run({})).toEqual(await last);
});

test("after a crash a waiting event gets a new environment", async () => {
  const { run } = open("exitWhenAsked", 1);
  const [first, second] = await Promise.all([run({ exit: true }), run({})]);
  expect(first).toMatchObject({ ok: false, reason: "crashed" });
  expect(second).toEqual({ ok: true, payload: "fine" });
});

test("the outcome of every event says that the code cannot be loaded", async () => {
  const { run } = open("missing", 2);
  for (const outcome of await times(5, () => run({}))) {
    expect(outcome).toMatchObject({ ok: false, errorType: "Runtime.HandlerNotFound" });
  }
});

test("closing ends running and waiting events", async () => {
  const { run, close } = open("sleepLong", 1);
  const outcomes = times(3, () => run({}));
  await close();
  for (const outcome of await outcomes) expect(outcome).toMatchObject({ ok: false, reason: "crashed" });
});
