import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { operationsOf } from "../../bench/delivery/operations.ts";
import { memoryMb } from "../../cli/estimate/prices.ts";
import { roundTripsOf, roundTripsToPostOf, type Usage } from "../../cli/estimate/usage.ts";
import { resourcesOf, synthesize } from "../lib/synthesize.ts";
import { countOperations, mostRatio, type Row, type Storm } from "./count-operations.ts";
import { connecting } from "./operations/connecting.ts";
import { receiving } from "./operations/receiving.ts";
import { sending } from "./operations/sending.ts";

let counted: Record<string, Usage>;
let rows: Map<string, Row>;
let storm: Storm;
beforeAll(async () => {
  const all = await countOperations();
  counted = operationsOf(all.rows);
  rows = new Map(all.rows.map((row) => [row.name, row]));
  storm = all.storm;
});

function usageOf(name: string) {
  const row = rows.get(name);
  if (!row) throw new Error(`no operation is called ${name}`);
  return row.usage;
}

describe("budgets", () => {
  test("one round trip to connect and to ack, three to log in, two before a push's first post, none for a heartbeat", () => {
    const budgets = [...connecting, ...sending, ...receiving].flatMap(({ name, budget }) =>
      budget ? [[name, budget]] : [],
    );
    const login = { roundTrips: 3 };
    const push = { roundTripsToPost: 2 };
    expect(Object.fromEntries(budgets)).toEqual({
      connect: { roundTrips: 1 },
      "login loginWhenFirst, free room": login,
      "login loginWhenFirst, somebody is in": login,
      "login loginWhenLast, free room": login,
      "login loginWhenLast, somebody is in": login,
      "login loginWhenever, free room": login,
      "login loginWhenever, somebody is in": login,
      heartbeat: { roundTrips: 0, invocations: 0 },
      "push to 1 member": push,
      "push to 10 members": push,
      "push to 100 members": push,
      "push to 10 members, a look is ordered already": push,
      "push at qos 0 to 1 member": push,
      "push at qos 0 to 100 members": push,
      "ack, 1 room": { roundTrips: 1 },
      "ack, 3 rooms": { roundTrips: 1 },
    });
  });

  test("are kept", () => {
    const broken = [...rows.values()].filter(({ budget }) => budget?.isKept === false);
    expect(broken.map(({ name, usage }) => ({ name, usage }))).toEqual([]);
  });

  test("a million deliveries to rooms of a thousand cost at most 1.1 times their messages", () => {
    expect(mostRatio).toBe(1.1);
    expect(storm.cost.messages).toBeCloseTo(1, 9);
    expect(storm.cost.total).toBeLessThanOrEqual(1.1 * storm.cost.messages);
    expect(storm.isKept).toBe(true);
  });
});

describe("what an operation uses", () => {
  test("a messageId costs one round trip more before the first post", () => {
    const [plain, once] = [usageOf("push to 10 members"), usageOf("push with messageId to 10 members")];
    expect(roundTripsToPostOf(once)).toBe((roundTripsToPostOf(plain) ?? 0) + 1);
    expect(once.writes).toBe(plain.writes + 1);
  });

  test("several rooms are acked side by side", () => {
    expect(roundTripsOf(usageOf("ack, 3 rooms"))).toBe(roundTripsOf(usageOf("ack, 1 room")));
    expect(usageOf("ack, 3 rooms").invocations).toHaveLength(1);
  });

  test("a push is one request, one Lambda and one message to each member", () => {
    const { requests, invocations, messages } = usageOf("push to 100 members");
    expect({ requests, messages, posts: invocations[0]?.posts }).toEqual({ requests: 1, messages: 100, posts: 100 });
    expect(invocations).toHaveLength(1);
  });

  test("a poll that brings nothing waits for DynamoDB once, and writes no place and no cursor", () => {
    const { writes, invocations } = usageOf("poll, 1 room, no news");
    expect(invocations).toMatchObject([{ name: "poll", roundTrips: 1 }]);
    // The rows of the three rooms at most.
    expect(writes).toBeLessThanOrEqual(3);
  });

  test("many messages of a room cost one look", () => {
    expect(usageOf("push to 10 members").queueRequests).toBe(1);
    expect(usageOf("push to 10 members, a look is ordered already").queueRequests).toBe(0);
  });

  test("a hundred missed messages come in one frame, of which API Gateway counts each 32 KB", () => {
    const { messages, invocations } = usageOf("replay, 100 messages missed");
    expect({ messages, posts: invocations[0]?.posts }).toEqual({ messages: 3, posts: 0 });
  });
});

test("the estimate reads what is counted here; npm run bench -- delivery writes it anew", () => {
  const kept = readFileSync(new URL("../../cli/estimate/operations.json", import.meta.url), "utf8");
  expect(JSON.parse(kept)).toEqual(counted);
});

test("Lambda's time is priced with the memory that is deployed", () => {
  const functions = Object.values(resourcesOf(synthesize(), "AWS::Lambda::Function"));
  const deployed = functions.map(({ Properties, Metadata }) => [
    Metadata?.["aws:cdk:path"]
      ?.split("/")
      .at(-2)
      ?.replace(/^./, (first) => first.toLowerCase()),
    Properties.MemorySize,
  ]);
  expect(Object.fromEntries(deployed)).toEqual(memoryMb);
});
