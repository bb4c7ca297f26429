import type { SendMessageBatchCommand } from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import { fanOutQueue, taskOf } from "../../../../lambdas/adapters/sqs/fan-out-queue.ts";
import type { FanOutTask } from "../../../../lambdas/domain/model/fan-out-task.ts";
import { limits } from "../../../../protocol/limits.ts";

type Send = Parameters<typeof fanOutQueue>[0]["send"];
interface Sent {
  QueueUrl: string;
  Entries: { Id: string; MessageBody: string; DelaySeconds: number }[];
}
const mebibyte = 1024 * 1024;
const queueUrl = "https://queue";

/** A queue that refuses the entries of these numbers, counted over all batches. */
function queueOf(refused: number[] = []) {
  const batches: Sent[] = [];
  let entries = 0;
  const send = (async ({ input }: SendMessageBatchCommand) => {
    const sent = input as Sent;
    batches.push(sent);
    const Failed = sent.Entries.filter(() => {
      entries += 1;
      return refused.includes(entries - 1);
    });
    return { Failed };
  }) as unknown as Send;
  return { batches, enqueue: fanOutQueue({ send }, queueUrl) };
}
const task = (id: number, text = "{}"): FanOutTask => ({
  ...{ roomId: "456", messageId: "m", seq: 7, text, taskId: `${id}/99`, to: { index: id, of: 99 }, hop: 0 },
});
const tasksOf = (count: number, text?: string) => Array.from({ length: count }, (_, i) => task(i, text));
const bytesOf = ({ Entries }: Sent) =>
  Entries.reduce((sum, { MessageBody }) => sum + Buffer.byteLength(MessageBody), 0);

describe("enqueueing tasks", () => {
  test.each([
    [1, [1]],
    [10, [10]],
    [11, [10, 1]],
    [40, [10, 10, 10, 10]],
  ])("of %i sends batches of %j, each task once, with unique ids in each batch", async (count, sizes) => {
    const { batches, enqueue } = queueOf();
    await enqueue(tasksOf(count));
    expect(batches.map(({ Entries }) => Entries.length)).toEqual(sizes);
    expect(batches.flatMap(({ Entries }) => Entries.map(({ MessageBody }) => taskOf(MessageBody)))).toEqual(
      tasksOf(count),
    );
    for (const { QueueUrl, Entries } of batches) {
      expect(QueueUrl).toBe(queueUrl);
      expect(new Set(Entries.map(({ Id }) => Id)).size).toBe(Entries.length);
    }
  });

  test("without tasks sends nothing", async () => {
    const { batches, enqueue } = queueOf();
    await enqueue([]);
    expect(batches).toEqual([]);
  });

  test.each([
    [undefined, 0],
    [0, 0],
    [2_000, 2],
    [2_001, 3],
  ])("in %i ms delays them by %i whole seconds: not too early", async (afterMs, seconds) => {
    const { batches, enqueue } = queueOf();
    await enqueue(tasksOf(2), afterMs);
    expect(batches[0]?.Entries.map(({ DelaySeconds }) => DelaySeconds)).toEqual([seconds, seconds]);
  });

  // JSON escapes these characters twice: in the frame, and again as a text in the task.
  test.each([
    ["letters", "x"],
    ["quotes", '"'],
    ["backslashes", "\\"],
    ["line ends", "\n"],
    ["characters of three bytes", "中"],
  ])("with the largest frame, all of %s, sends no more than a mebibyte at a time", async (_, character) => {
    const { batches, enqueue } = queueOf();
    const frame = JSON.stringify({ data: character.repeat(limits.postBytes) });
    let text = Buffer.from(frame).subarray(0, limits.postBytes).toString();
    while (Buffer.byteLength(text) > limits.postBytes) text = text.slice(0, -1);
    await enqueue(tasksOf(12, text));
    expect(batches.flatMap(({ Entries }) => Entries)).toHaveLength(12);
    for (const batch of batches) expect(bytesOf(batch)).toBeLessThanOrEqual(mebibyte);
    expect(taskOf(batches[0]?.Entries[0]?.MessageBody ?? "")).toEqual(task(0, text));
  });

  test("of all sizes fills each batch, and loses none", async () => {
    const { batches, enqueue } = queueOf();
    const tasks = tasksOf(30).map((each, i) => ({ ...each, text: "x".repeat(((i * 37) % 10) * 30_000) }));
    await enqueue(tasks);
    const ids = batches.flatMap(({ Entries }) => Entries.map(({ MessageBody }) => taskOf(MessageBody).taskId));
    expect(ids).toEqual(tasks.map(({ taskId }) => taskId));
    for (const batch of batches) expect(bytesOf(batch)).toBeLessThanOrEqual(mebibyte);
    expect(batches.length).toBeLessThan(10);
  });

  test("fails if the queue refuses one of them", async () => {
    await expect(queueOf([13]).enqueue(tasksOf(25))).rejects.toThrow("SQS refused 1 of 10 fan-out tasks");
  });
});

// The parser's own message quotes the text around the error.
test("a malformed task is an error without its content", () => {
  expect(() => taskOf('{"text":"secret"')).toThrow("not JSON");
  expect(() => taskOf("secret")).toThrow(/^(?!.*secret)/);
});
