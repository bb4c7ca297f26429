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
  meter.measure(() => work(meter.dynamoOf(tables.client, meter.invoked("socket"))));
const roundTrips = async (work: (dynamo: Dynamo) => Promise<unknown>) =>
  (await measure(work)).invocations.map((invocation) => invocation.roundTrips);

describe("round trips", () => {
  test("calls that wait for each other count one by one, those side by side once", async () => {
    const work = async (dynamo: Dynamo) => {
      await dynamo.send(put("a"));
      await Promise.all([dynamo.send(get("a")), dynamo.send(get("b")), dynamo.send(query("a"))]);
    };
    expect(await roundTrips(work)).toEqual([2]);
  });

  test("of two chains the longer one counts", async () => {
    const chain = async (dynamo: Dynamo, length: number) => {
      for (let call = 0; call < length; call += 1) await dynamo.send(get("a"));
    };
    expect(await roundTrips((dynamo) => Promise.all([chain(dynamo, 2), chain(dynamo, 5)]))).toEqual([5]);
  });

  test("a function does not count those of another", async () => {
    const work = async (dynamo: Dynamo) => {
      const other = meter.dynamoOf(tables.client, meter.invoked("push"));
      await Promise.all([dynamo.send(get("a")), other.send(get("a"))]);
      await other.send(get("a"));
    };
    expect(await roundTrips(work)).toEqual([1, 2]);
  });
});

describe("request units", () => {
  test.each([
    ["a small row that is written", put("a"), { reads: 0, writes: 1 }],
    ["2.5 KB that are written", put("a", 2_500), { reads: 0, writes: 3 }],
    ["a row that is not there", get("none"), { reads: 1, writes: 0 }],
    ["a query that finds nothing", query("none"), { reads: 1, writes: 0 }],
    ["a row of 5 KB that is read", get("large"), { reads: 2, writes: 0 }],
    ["a query of 5 KB", query("large"), { reads: 2, writes: 0 }],
  ])("%s", async (_, command, units) => {
    await tables.client.send(put("large", 5_000));
    expect(await measure((dynamo) => dynamo.send(command as PutItemCommand))).toMatchObject(units);
  });

  test("a write whose condition does not hold is paid for", async () => {
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
  const used = await meter.measure(async () => meter.carry("x".repeat(bytes)));
  expect(used.messages).toBe(messages);
});

test("what comes after a measurement is not in it", async () => {
  const used = await measure((dynamo) => dynamo.send(get("a")));
  await measure((dynamo) => dynamo.send(get("a")));
  expect(used.reads).toBe(1);
});
