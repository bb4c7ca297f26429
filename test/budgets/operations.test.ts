import { beforeAll, describe, expect, test } from "vitest";
import { sumOf, times } from "../../cli/estimate/operations.ts";
import { billedOf, memoryMb, usdOf } from "../../cli/estimate/prices.ts";
import { roundTripsOf, roundTripsToPostOf, type Usage } from "../../cli/estimate/usage.ts";
import { resourcesOf, synthesize } from "../lib/synthesize.ts";
import { countOperations, operations } from "./count-operations.ts";
import { isWithin } from "./operations/operation.ts";

let counted: Record<string, Usage>;
beforeAll(async () => {
  counted = await countOperations();
  // It takes seconds on an idle machine.
}, 300_000);

function usageOf(name: string): Usage {
  const usage = counted[name];
  if (!usage) throw new Error(`there is no operation ${name}`);
  return usage;
}

describe("budgets", () => {
  test("connect and ack: 1 round trip, login: 3, push: 2 before its first post, heartbeat: 0", () => {
    const budgets = operations.flatMap(({ name, budget }) => (budget ? [[name, budget]] : []));
    const login = { roundTrips: 3 };
    const push = { roundTripsToPost: 2 };
    expect(Object.fromEntries(budgets)).toEqual({
      connect: { roundTrips: 1 },
      "loginWhenFirst, empty room": login,
      "loginWhenFirst, occupied room": login,
      "loginWhenLast, empty room": login,
      "loginWhenLast, occupied room": login,
      "loginWhenever, empty room": login,
      "loginWhenever, occupied room": login,
      heartbeat: { roundTrips: 0, invocations: 0 },
      "push to 1 member": push,
      "push to 10 members": push,
      "push to 100 members": push,
      "push to 10 members, ack check already scheduled": push,
      "push at qos 0 to 1 member": push,
      "push at qos 0 to 100 members": push,
      "ack, 1 room": { roundTrips: 1 },
      "ack, 3 rooms": { roundTrips: 1 },
    });
  });

  test("are kept", () => {
    const broken = operations.filter(({ name, budget }) => budget && !isWithin(budget, usageOf(name)));
    expect(broken.map(({ name, budget }) => ({ name, budget, usage: usageOf(name) }))).toEqual([]);
  });

  test("1 M deliveries to rooms of 1,000 at qos 0 cost at most 1.1 times their messages", () => {
    const deliveries = times(1_000, billedOf(usageOf("push at qos 0 to 1,000 members")));
    const messagesUsd = usdOf(sumOf({ messages: deliveries.messages }));
    expect(messagesUsd).toBeCloseTo(1, 9);
    expect(usdOf(deliveries)).toBeLessThanOrEqual(1.1 * messagesUsd);
  });
});

describe("usage", () => {
  test("a messageId costs one more round trip before the first post", () => {
    const [plain, idempotent] = [usageOf("push to 10 members"), usageOf("push with messageId to 10 members")];
    expect(roundTripsToPostOf(idempotent)).toBe((roundTripsToPostOf(plain) ?? 0) + 1);
    expect(idempotent.writes).toBe(plain.writes + 1);
  });

  test("acks of several rooms run concurrently", () => {
    expect(roundTripsOf(usageOf("ack, 3 rooms"))).toBe(roundTripsOf(usageOf("ack, 1 room")));
    expect(usageOf("ack, 3 rooms").invocations).toHaveLength(1);
  });

  test("a push is one request, one invocation and one message per member", () => {
    const { requests, invocations, messages } = usageOf("push to 100 members");
    expect({ requests, messages, posts: invocations[0]?.posts }).toEqual({ requests: 1, messages: 100, posts: 100 });
    expect(invocations).toHaveLength(1);
  });

  test("a poll without messages waits for DynamoDB once, and writes no membership and no cursor", () => {
    const { writes, invocations } = usageOf("poll, 1 room, no messages");
    expect(invocations).toMatchObject([{ name: "poll", roundTrips: 1 }]);
    // At most the rows of the three rooms.
    expect(writes).toBeLessThanOrEqual(3);
  });

  test("messages of a room share an ack check", () => {
    expect(usageOf("push to 10 members").queueRequests).toBe(1);
    expect(usageOf("push to 10 members, ack check already scheduled").queueRequests).toBe(0);
  });

  test("a replay of a hundred messages is one frame, billed as one message per 32 KB", () => {
    const { messages, invocations } = usageOf("replay of 100 messages");
    expect({ messages, posts: invocations[0]?.posts }).toEqual({ messages: 3, posts: 0 });
  });
});

test("cli/estimate/operations.json is current; npx vitest run test/budgets -u updates it", async () => {
  await expect(`${JSON.stringify(counted, null, 2)}\n`).toMatchFileSnapshot("../../cli/estimate/operations.json");
});

test("the estimate uses the deployed memory of each function", () => {
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
