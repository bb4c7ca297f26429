import { DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createTables } from "../../../local/dynamodb/create-tables.ts";
import { type Database, startDatabase } from "../../../local/dynamodb/database.ts";
import { dynamoDbService } from "../../../local/dynamodb/service.ts";
import { startAwsEndpoint } from "../../../local/host/aws-endpoint.ts";
import { createIam } from "../../../local/iam/iam.ts";
import { createLambda } from "../../../local/lambda/functions.ts";
import { resolveStack } from "../../../local/template/stack.ts";
import { type CrashTime, noFaults } from "../../../local/world/faults.ts";
import { createInvocations } from "../../../local/world/invocations.ts";
import { createLogs } from "../../../local/world/logs.ts";
import { assemblyOf, smallResources } from "../support/small-template.ts";

let database: Database;
let tables: DynamoDBClient;
beforeAll(async () => {
  database = await startDatabase();
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  tables = new DynamoDBClient({ endpoint: database.url, region: "us-east-1", credentials });
});
afterAll(async () => {
  tables.destroy();
  await database.close();
});

let stacks = 0;
/** A function that puts the items `a`, `b` and `c`, one call after the other. */
async function start() {
  stacks += 1;
  const resources = smallResources();
  const { Function: fn } = resources;
  if (fn) fn.Properties = { ...fn.Properties, Handler: "index.putItems" };
  const stack = resolveStack({ ...assemblyOf(resources), stackName: `Small${stacks}` });
  await createTables(stack, database);
  const iam = createIam(stack);
  const faults = noFaults();
  const invocations = createInvocations(faults);
  const aws = await startAwsEndpoint({
    iam,
    invocations,
    services: { DynamoDB_20120810: dynamoDbService(stack, database) },
  });
  onTestFinished(aws.close);
  const logs = createLogs();
  const serviceUrls = { gateway: "http://127.0.0.1:1", aws: aws.url, s3: "http://127.0.0.1:2" };
  const lambda = createLambda({
    ...{ stack, serviceUrls, logs, invocations, maxEnvironments: 2 },
    credentialsOf: iam.principalOfFunction,
  });
  onTestFinished(lambda.close);
  return {
    ...{ faults, invocations, logs },
    run: () => lambda.invoke("Function", { ids: ["a", "b", "c"] }),
    items: async () => {
      const { Items = [] } = await tables.send(new ScanCommand({ TableName: stack.physicalId("Table") }));
      return Items.map(({ id }) => id?.S).sort();
    },
  };
}

test("an invocation records its calls", async () => {
  const { run, invocations } = await start();
  expect(await run()).toEqual({ ok: true, payload: 3 });
  const calls = ["dynamodb:PutItem", "dynamodb:PutItem", "dynamodb:PutItem"];
  expect(invocations.all).toEqual([{ functionId: "Function", calls, outcome: "returned" }]);
});

describe("a crash point", () => {
  test.each<[number, CrashTime, string[]]>([
    [1, "before", []],
    [1, "after", ["a"]],
    [2, "before", ["a"]],
    [2, "after", ["a", "b"]],
    [3, "before", ["a", "b"]],
    [3, "after", ["a", "b", "c"]],
  ])("at call %i, %s it takes effect, leaves the effects of the earlier calls", async (call, when, left) => {
    const { run, faults, items, invocations, logs } = await start();
    const point = faults.crashAt("Function", call, when);
    expect(await run()).toMatchObject({
      ok: false,
      reason: "crashed",
      errorMessage: expect.stringContaining("killed"),
    });
    expect(await items()).toEqual(left);
    expect(point.struck).toBe(true);
    expect(invocations.all).toMatchObject([{ calls: { length: call }, outcome: "failed" }]);
    expect(logs.lines.map(({ text }) => text).join("\n")).toMatch(/Runtime exited with error: signal: killed/);
  });

  test("strikes once: the next invocation runs in a new environment", async () => {
    const { run, faults, items } = await start();
    faults.crashAt("Function", 2, "before");
    await run();
    expect(await run()).toEqual({ ok: true, payload: 3 });
    expect(await items()).toEqual(["a", "b", "c"]);
  });

  test("does not strike if no invocation reaches its call, or if it is for another function", async () => {
    const { run, faults } = await start();
    const points = [faults.crashAt("Function", 4, "before"), faults.crashAt("Other", 1, "before")];
    expect(await run()).toMatchObject({ ok: true });
    expect(points.map(({ struck }) => struck)).toEqual([false, false]);
  });
});

test("a share of crashes kills the function before or after a call, as the random numbers decide", async () => {
  const { run, faults, items } = await start();
  // The first call is survived, the second is not; the third number selects before or after.
  const numbers = [0.9, 0.1, 0.7];
  faults.random = () => numbers.shift() ?? 1;
  faults.crashes = 0.5;
  expect(await run()).toMatchObject({ ok: false, reason: "crashed" });
  expect(await items()).toEqual(["a", "b"]);
});
