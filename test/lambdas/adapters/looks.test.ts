import type { PutEventsCommand } from "@aws-sdk/client-eventbridge";
import type { SendMessageCommand } from "@aws-sdk/client-sqs";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { eventBus } from "../../../lambdas/adapters/event-bus.ts";
import { lookQueue } from "../../../lambdas/adapters/look-queue.ts";
import { onLooks } from "../../../lambdas/adapters/on-looks.ts";
import type { LookDeps } from "../../../lambdas/domain/delivery/look-at-room.ts";
import type { Look } from "../../../lambdas/domain/ports.ts";

type Send = Parameters<typeof lookQueue>[0]["send"] & Parameters<typeof eventBus>[0]["send"];
let printed: string[];
beforeEach(() => {
  printed = [];
  vi.spyOn(console, "error").mockImplementation((line) => void printed.push(JSON.stringify(line)));
});

describe("ordering a look", () => {
  test.each([
    [5_000, 5],
    [5_001, 6],
    [0, 0],
    [-100, 0],
    [2_000_000, 900],
  ])("after %i ms delays it by %i whole seconds: never too early, and as long as SQS can", async (afterMs, seconds) => {
    const sent: unknown[] = [];
    const send = (async ({ input }: SendMessageCommand) => void sent.push(input)) as unknown as Send;
    await lookQueue({ send }, "https://queue")({ roomId: "456", round: 2 }, afterMs);
    const MessageBody = '{"roomId":"456","round":2}';
    expect(sent).toEqual([{ QueueUrl: "https://queue", MessageBody, DelaySeconds: seconds }]);
  });
});

describe("a batch of looks", () => {
  const record = (messageId: string, body: unknown) => ({
    messageId,
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const run = (records: ReturnType<typeof record>[], look: (look: Look) => Promise<void>) =>
    onLooks(
      () => ({}) as LookDeps,
      (_, each) => look(each),
    )({ Records: records });

  test("is done when all are", async () => {
    const looks: Look[] = [];
    const records = [record("a", { roomId: "1", round: 0 }), record("b", { roomId: "2", round: 3 })];
    expect(await run(records, async (look) => void looks.push(look))).toEqual({ batchItemFailures: [] });
    expect(looks).toEqual([
      { roomId: "1", round: 0 },
      { roomId: "2", round: 3 },
    ]);
  });

  test("gives back those that failed and no other, and says why without the room", async () => {
    const records = [
      record("a", { roomId: "private", round: 0 }),
      record("b", "{"),
      record("c", { roomId: "3", round: 0 }),
    ];
    const done: string[] = [];
    const result = await run(records, async ({ roomId }) => {
      if (roomId === "private") throw new Error("throttled");
      done.push(roomId);
    });
    expect(result).toEqual({ batchItemFailures: [{ itemIdentifier: "a" }, { itemIdentifier: "b" }] });
    expect(done).toEqual(["3"]);
    expect(printed).toHaveLength(2);
    expect(printed.join()).toContain("throttled");
    expect(printed.join()).not.toContain("private");
  });

  test("fails whole, look by look, where the function is not set up", async () => {
    const broken = () => {
      throw new Error("EVENT_BUS_NAME is not set");
    };
    const result = await onLooks(broken, async () => {})({ Records: [record("a", { roomId: "1", round: 0 })] });
    expect(result).toEqual({ batchItemFailures: [{ itemIdentifier: "a" }] });
  });
});

describe("reporting what was not delivered", () => {
  const undelivered = (seq: number) => ({
    ...{ messageId: `m-${seq}`, roomId: "456", subject: "ann", eventName: "test", atMs: 5, epoch: "e", seq },
  });
  const bus = (sent: PutEventsCommand["input"][], FailedEntryCount = 0) => {
    const send = (async ({ input }: PutEventsCommand) => {
      sent.push(input);
      return { FailedEntryCount };
    }) as unknown as Send;
    return eventBus({ send }, "default");
  };

  test("says which message and whom, never what it says", async () => {
    const sent: PutEventsCommand["input"][] = [];
    await bus(sent)([undelivered(1)]);
    const [entry] = sent[0]?.Entries ?? [];
    expect(entry).toMatchObject({ EventBusName: "default", Source: "downlink", DetailType: "MessageUndelivered" });
    expect(JSON.parse(entry?.Detail ?? "")).toEqual({
      ...{ messageId: "m-1", roomId: "456", subject: "ann", eventName: "test", at: 5, epoch: "e", seq: 1 },
    });
  });

  test("takes ten at a time", async () => {
    const sent: PutEventsCommand["input"][] = [];
    await bus(sent)(Array.from({ length: 23 }, (_, i) => undelivered(i)));
    expect(sent.map(({ Entries }) => Entries?.length)).toEqual([10, 10, 3]);
    sent.length = 0;
    await bus(sent)([]);
    expect(sent).toEqual([]);
  });

  test("fails if EventBridge took only some, so that the look is made again", async () => {
    await expect(bus([], 1)([undelivered(1), undelivered(2)])).rejects.toThrow("did not take 1 of 2");
  });
});
