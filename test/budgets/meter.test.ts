import { GetItemCommand, PutItemCommand, QueryCommand } from "@aws-sdk/client-dynamodb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openTables } from "../support/tables.ts";
import { Meter } from "./meter.ts";

let tables: Awaited<ReturnType<typeof openTables>>;
let meter: Meter;
beforeEach(async () => {
  tables = await openTables();
  meter = new Meter();
});
afterEach(() => tables.close());

const TableName = "Rooms";
const key = (roomId: string) => ({ roomId: { S: roomId }, item: { S: "room" } });
const put = (roomId: string, chars = 1) =>
  new PutItemCommand({ TableName, Item: { ...key(roomId), text: { S: "x".repeat(chars) } } });
const get = (roomId: string) => new GetItemCommand({ TableName, Key: key(roomId), ConsistentRead: true });
const query = (roomId: string) =>
  new QueryCommand({
    TableName,
    KeyConditionExpression: "roomId = :roomId",
    ExpressionAttributeValues: { ":roomId": { S: roomId } },
    ConsistentRead: true,
  });

type Dynamo = ReturnType<Meter["dynamoOf"]>;
const measure = (work: (dynamo: Dynamo) => Promise<unknown>) =>
  meter.measure(() => work(meter.dynamoOf(tables.client, meter.startInvocation("socket"))));
const roundTrips = async (work: (dynamo: Dynamo) => Promise<unknown>) =>
  (await measure(work)).invocations.map((invocation) => invocation.roundTrips);

describe("round trips", () => {
  test("sequential calls count each, concurrent calls count once", async () => {
    const work = async (dynamo: Dynamo) => {
      await dynamo.send(put("a"));
      await Promise.all([dynamo.send(get("a")), dynamo.send(get("b")), dynamo.send(query("a"))]);
    };
    expect(await roundTrips(work)).toEqual([2]);
  });

  test("the longer of two chains counts", async () => {
    const chain = async (dynamo: Dynamo, length: number) => {
      for (let call = 0; call < length; call += 1) await dynamo.send(get("a"));
    };
    expect(await roundTrips((dynamo) => Promise.all([chain(dynamo, 2), chain(dynamo, 5)]))).toEqual([5]);
  });

  test("a function does not count calls of another", async () => {
    const work = async (dynamo: Dynamo) => {
      const other = meter.dynamoOf(tables.client, meter.startInvocation("push"));
      await Promise.all([dynamo.send(get("a")), other.send(get("a"))]);
      await other.send(get("a"));
    };
    expect(await roundTrips(work)).toEqual([1, 2]);
  });
});

describe("request units", () => {
  test.each([
    ["write of a small row", put("a"), { reads: 0, writes: 1 }],
    ["write of 2.5 KB", put("a", 2_500), { reads: 0, writes: 3 }],
    ["read of a missing row", get("none"), { reads: 1, writes: 0 }],
    ["query without a result", query("none"), { reads: 1, writes: 0 }],
    ["read of a row of 5 KB", get("large"), { reads: 2, writes: 0 }],
    ["query of 5 KB", query("large"), { reads: 2, writes: 0 }],
  ])("%s", async (_, command, units) => {
    await tables.client.send(put("large", 5_000));
    expect(await measure((dynamo) => dynamo.send(command as PutItemCommand))).toMatchObject(units);
  });

  test("a write whose condition fails is billed", async () => {
    const refused = put("a");
    refused.input.ConditionExpression = "attribute_exists(roomId)";
    const work = (dynamo: Dynamo) => expect(dynamo.send(refused)).rejects.toThrow("conditional");
    expect(await measure(work)).toMatchObject({ reads: 0, writes: 1 });
  });
});

test.each([
  [1, 1],
  [32 * 1024, 1],
  [32 * 1024 + 1, 2],
  [100 * 1024, 4],
])("a frame of %i bytes is %i messages", async (bytes, messages) => {
  const used = await meter.measure(async () => meter.countFrame("x".repeat(bytes)));
  expect(used.messages).toBe(messages);
});

test("a measurement does not include later calls", async () => {
  const used = await measure((dynamo) => dynamo.send(get("a")));
  await measure((dynamo) => dynamo.send(get("a")));
  expect(used.reads).toBe(1);
});
