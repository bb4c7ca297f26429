import type { SendMessageCommand } from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import { ackCheckQueue } from "../../../../lambdas/adapters/sqs/ack-check-queue.ts";

type Send = Parameters<typeof ackCheckQueue>[0]["send"];

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
    await ackCheckQueue({ send }, "https://queue")({ kind: "room", roomId: "456", hop: 2 }, afterMs);
    const MessageBody = '{"kind":"room","roomId":"456","hop":2}';
    expect(sent).toEqual([{ QueueUrl: "https://queue", MessageBody, DelaySeconds: seconds }]);
  });
});
