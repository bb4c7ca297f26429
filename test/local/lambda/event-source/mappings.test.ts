import { describe, expect, test } from "vitest";
import { type Batch, type Handler, type Properties, queueResources, startQueues } from "../../support/start-queues.ts";

/** Returns the messages with these bodies as failed. */
const failing =
  (...bodies: string[]): Handler =>
  ({ Records }) => ({
    batchItemFailures: Records.filter(({ body }) => bodies.includes(body)).map(({ messageId }) => ({
      itemIdentifier: messageId,
    })),
  });
const start = (mapping: Properties, handler?: Handler, more: Parameters<typeof queueResources>[0] = {}) =>
  startQueues(queueResources({ ...more, mapping }), handler);
const reporting = { FunctionResponseTypes: ["ReportBatchItemFailures"] };
const nothing: string[] = [];

test("a function receives the messages of its queue, and processed messages are deleted", async () => {
  let event: Batch | undefined;
  const queues = await start({}, (batch) => {
    event = batch;
  });
  await queues.send("a");
  expect(await queues.gets(1)).toEqual([["a"]]);
  expect(event).toEqual({
    Records: [
      {
        messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        receiptHandle: expect.any(String),
        body: "a",
        attributes: {
          ApproximateReceiveCount: "1",
          SenderId: expect.any(String),
          SentTimestamp: String(queues.clock.now()),
          ApproximateFirstReceiveTimestamp: String(queues.clock.now()),
        },
        messageAttributes: {},
        md5OfBody: "0cc175b9c0f1b6a831c399e269772661",
        eventSource: "aws:sqs",
        eventSourceARN: queues.stack.arn("Queue"),
        awsRegion: "us-east-1",
      },
    ],
  });
  await expect.poll(() => queues.inQueue("Queue")).toEqual([]);
});

test("a delayed message is received after its delay", async () => {
  const queues = await start({});
  await queues.send("late", 5);
  await queues.send("now");
  expect(await queues.gets(1)).toEqual([["now"]]);
  queues.clock.advance(4_999);
  await expect.poll(() => queues.inQueue("Queue")).toEqual(["late"]);
  queues.clock.advance(3);
  expect(await queues.gets(2)).toEqual([["now"], ["late"]]);
});

test("a message that was not sent through the local runtime is found within a second", async () => {
  const queues = await start({});
  await queues.sendUnnoticed("a");
  queues.clock.advance(1_000);
  expect(await queues.gets(1)).toEqual([["a"]]);
});

describe("messages that become visible again", () => {
  test.each<[string, Properties, Handler, string[]]>([
    ["those that the function reports", reporting, failing("b"), ["b"]],
    ["none, if the function returns nothing", reporting, () => undefined, nothing],
    ["none, if the function reports an empty list", reporting, failing(), nothing],
    ["none, if the mapping does not use reports", {}, failing("b"), nothing],
    ["all, if the function throws", reporting, () => Promise.reject(new Error("no")), ["a", "b"]],
    [
      "all, if the function throws and the mapping does not use reports",
      {},
      () => Promise.reject(new Error("no")),
      ["a", "b"],
    ],
    [
      "all, if the function reports an unknown message",
      reporting,
      () => ({ batchItemFailures: [{ itemIdentifier: "x" }] }),
      ["a", "b"],
    ],
    [
      "all, if a report has an empty identifier",
      reporting,
      () => ({ batchItemFailures: [{ itemIdentifier: "" }] }),
      ["a", "b"],
    ],
    ["all, if the report is not a list", reporting, () => ({ batchItemFailures: "b" }), ["a", "b"]],
    ["all, if the result is not a report", reporting, () => "fine", ["a", "b"]],
  ])("%s", async (_, mapping, handler, back) => {
    const queues = await start({ ...mapping, MaximumBatchingWindowInSeconds: 1, BatchSize: 2 }, handler);
    await Promise.all([queues.send("a"), queues.send("b")]);
    await queues.advanceUntilGets(1);
    await expect.poll(() => queues.inQueue("Queue")).toEqual(back);
    queues.clock.advance(29_000);
    expect(queues.batches).toHaveLength(1);
  });

  test("a message that fails repeatedly moves to the dead-letter queue", async () => {
    const receiveCounts: unknown[] = [];
    const queues = await start({}, ({ Records }) => {
      receiveCounts.push(Records[0]?.attributes.ApproximateReceiveCount);
      throw new Error("never");
    });
    await queues.send("a");
    for (const n of [1, 2, 3]) {
      await queues.gets(n);
      await queues.settled();
      queues.clock.advance(30_002);
    }
    await expect.poll(() => queues.inQueue("DeadLetters")).toEqual(["a"]);
    expect(receiveCounts).toEqual(["1", "2", "3"]);
    expect(await queues.inQueue("Queue")).toEqual([]);
  });
});

describe("a batch", () => {
  test("has at most BatchSize messages", async () => {
    const queues = await start({ BatchSize: 2 });
    await queues.sendAll(["a", "b", "c"]);
    expect((await queues.gets(2)).map((batch) => batch.length)).toEqual([2, 1]);
  });

  test("of more than ten messages is collected while its window is open", async () => {
    const queues = await start({ BatchSize: 12, MaximumBatchingWindowInSeconds: 3 });
    const bodies = Array.from({ length: 12 }, (_, n) => `${n}`);
    await queues.sendAll(bodies);
    const [batch = []] = await queues.advanceUntilGets(1);
    expect(batch.toSorted()).toEqual(bodies.toSorted());
  });

  test("waits while MaximumConcurrency batches are processed", async () => {
    const open: (() => void)[] = [];
    const queues = await start(
      { BatchSize: 1, ScalingConfig: { MaximumConcurrency: 2 } },
      () => new Promise<void>((resolve) => open.push(resolve)),
    );
    await queues.sendAll(["a", "b", "c"]);
    await queues.gets(2);
    await queues.settled();
    queues.clock.advance(5_000);
    await queues.settled();
    expect(queues.batches).toHaveLength(2);
    open[0]?.();
    expect(await queues.gets(3)).toHaveLength(3);
    for (const finish of open) finish();
  });
});

test("a duplicated message is in two concurrent batches with the same id", async () => {
  const ids: (string | undefined)[] = [];
  const queues = await start({}, async ({ Records }) => {
    ids.push(Records[0]?.messageId);
    await queues.gets(2);
  });
  queues.faults.duplicatedMessages = 1;
  await queues.send("a");
  expect(await queues.gets(2)).toEqual([["a"], ["a"]]);
  expect(ids[0]).toBe(ids[1]);
  await expect.poll(() => queues.inQueue("Queue")).toEqual([]);
});

describe("a function that sends to its own queue", () => {
  const sendToItself: Handler = ({ Records }, send) => send(`${Number(Records[0]?.body) + 1}`);

  test("is stopped after 16 recursive invocations, and its message moves to the dead-letter queue", async () => {
    const queues = await start({}, sendToItself);
    await queues.send("1");
    await expect.poll(() => queues.inQueue("DeadLetters")).toEqual(["17"]);
    expect(queues.batches.flat().at(-1)).toBe("16");
    await expect
      .poll(() => queues.logs)
      .toEqual([
        expect.stringMatching(
          /^Function was stopped after 16 recursive invocations through Queue: 1 messages were moved to DeadLetters/,
        ),
      ]);
  });

  test("continues if the template allows recursion", async () => {
    const queues = await start(
      {},
      async (batch, send) => {
        if (batch.Records[0]?.body !== "20") await sendToItself(batch, send);
      },
      { fn: { RecursiveLoop: "Allow" } },
    );
    await queues.send("1");
    expect((await queues.gets(20)).flat().at(-1)).toBe("20");
    expect(queues.logs).toEqual([]);
  });

  test("is counted from zero for a message that no function sent", async () => {
    const queues = await start(
      {},
      (batch, send) => Number(batch.Records[0]?.body) % 10 > 0 && sendToItself(batch, send),
    );
    for (const from of ["1", "11", "21"]) {
      await queues.send(from);
      await queues.gets(Number(from) + 9);
    }
    expect(queues.logs).toEqual([]);
  });
});

describe("a mapping does not run", () => {
  test("without a grant of the role", async () => {
    const queues = await start({}, undefined, { actions: ["sqs:SendMessage", "sqs:ReceiveMessage"] });
    await queues.send("a");
    queues.clock.advance(2_000);
    await queues.settled();
    expect(queues.batches).toEqual([]);
    expect(queues.logs).toEqual([
      expect.stringMatching(/^Mapping does not run: .*sqs:DeleteMessage/),
      expect.stringMatching(/^Mapping does not run: .*sqs:GetQueueAttributes/),
    ]);
  });

  test("if it is disabled", async () => {
    const queues = await start({ Enabled: false });
    await queues.send("a");
    await queues.settled();
    expect(queues.batches).toEqual([]);
  });

  test.each<[string, Properties, Properties, RegExp]>([
    [
      "a batch of more than ten without a window",
      { BatchSize: 11 },
      {},
      /needs a MaximumBatchingWindowInSeconds of at least 1/,
    ],
    [
      "a visibility timeout shorter than the function's timeout",
      {},
      { VisibilityTimeout: 4 },
      /timeout: 4 seconds is less than Function timeout: 5 seconds/,
    ],
    [
      "a source that is not a queue of the template",
      { EventSourceArn: "arn:aws:sqs:us-east-1:000000000000:x" },
      {},
      /should be a queue of the template/,
    ],
    ["an unknown function", { FunctionName: "x" }, {}, /has no function x/],
    ["a filter", { FilterCriteria: {} }, {}, /sets FilterCriteria/],
  ])("with %s: the start fails", async (_, mapping, queue, reason) => {
    await expect(start(mapping, undefined, { queue })).rejects.toThrow(reason);
  });
});
