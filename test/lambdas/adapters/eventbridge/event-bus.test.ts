import type { PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { describe, expect, test } from "vitest";
import { eventBus } from "../../../../lambdas/adapters/eventbridge/event-bus.ts";

type Send = Parameters<typeof eventBus>[0]["send"];

describe("reporting undelivered messages", () => {
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

  test("identifies the message and the subject, without the data", async () => {
    const sent: PutEventsCommand["input"][] = [];
    await bus(sent)([undelivered(1)]);
    const [entry] = sent[0]?.Entries ?? [];
    expect(entry).toMatchObject({ EventBusName: "default", Source: "downlink", DetailType: "MessageUndelivered" });
    expect(JSON.parse(entry?.Detail ?? "")).toEqual({
      ...{ messageId: "m-1", roomId: "456", subject: "ann", eventName: "test", at: 5, epoch: "e", seq: 1 },
    });
  });

  test("sends ten at a time", async () => {
    const sent: PutEventsCommand["input"][] = [];
    await bus(sent)(Array.from({ length: 23 }, (_, i) => undelivered(i)));
    expect(sent.map(({ Entries }) => Entries?.length)).toEqual([10, 10, 3]);
    sent.length = 0;
    await bus(sent)([]);
    expect(sent).toEqual([]);
  });

  test("fails if EventBridge refused some, so that the ack check is repeated", async () => {
    await expect(bus([], 1)([undelivered(1), undelivered(2)])).rejects.toThrow("refused 1 of 2");
  });
});
