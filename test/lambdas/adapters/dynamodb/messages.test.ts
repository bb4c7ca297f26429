import { beforeEach, describe, expect, test } from "vitest";
import { logIn } from "../../../../lambdas/adapters/dynamodb/messages.ts";
import { tableOf } from "../../../../lambdas/adapters/dynamodb/table.ts";
import type { LogEntry, Message } from "../../../../lambdas/domain/model/message.ts";
import { sharedTables } from "../../../support/shared-tables.ts";
import { inPagesOf, openTables, rowsOf } from "../../../support/tables.ts";

const tables = sharedTables(openTables);

const retentionMs = 86_400_000;
const startMs = 1_700_000_000_000;
let nowMs = startMs;
let count = 0;
let room = "";
beforeEach(() => {
  nowMs = startMs;
  count += 1;
  room = `room-${count}`;
});
const now = () => nowMs;

describe("the log", () => {
  const log = () => logIn(tableOf(tables.client, "Messages"), now, retentionMs);
  const message = (seq: number, more: Partial<Message> = {}): Message => ({
    ...{ roomId: room, epoch: "e", seq, messageId: `m-${seq}`, eventName: "test", rawData: "1", atMs: nowMs },
    ...more,
  });
  const read = async (from: number, to: number, epoch = "e", of = log(), backwards = false) => {
    const all: LogEntry[] = [];
    for await (const page of of.pages({ roomId: room, epoch }, from, to, backwards)) all.push(...page);
    return all;
  };
  const rowsNow = async () => (await rowsOf(tables.client, "Messages")).filter((row) => row.roomId === room);

  test("keeps a message as it was pushed until its time is over", async () => {
    const rawData = '{ "2":1, "1":12345678901234567890 }';
    const more = { rawData, from: "ann", conversation: "a_b", receiptTo: "ann", ttlEndsAtMs: startMs + 5 };
    expect(await log().append(message(7, more))).toBe("done");
    const { rawData: _, ...rest } = message(7, more);
    expect(await rowsNow()).toEqual([{ ...rest, data: rawData, expiresAt: (startMs + retentionMs) / 1000 }]);
    expect(await log().get(room, { epoch: "e", seq: 7 })).toMatchObject({ seq: 7, message: message(7, more) });
    nowMs += retentionMs;
    expect(await log().get(room, { epoch: "e", seq: 7 })).toBeUndefined();
    expect(await read(1, 9)).toEqual([]);
  });

  test.each<[string, Partial<Message>, "done" | "exists" | "superseded"]>([
    ["the same message", {}, "exists"],
    ["another message", { messageId: "other" }, "superseded"],
    ["another message, though later", { messageId: "other", atMs: startMs + 9 }, "superseded"],
    ["a later message of another epoch", { messageId: "other", epoch: "f", atMs: startMs + 1 }, "done"],
    ["an older message of another epoch", { messageId: "other", epoch: "f", atMs: startMs - 1 }, "superseded"],
  ])("gives a number that is taken to %s: %3$s", async (_, more, outcome) => {
    await log().append(message(1));
    expect(await log().append(message(1, more))).toBe(outcome);
    const kept = outcome === "done" ? message(1, more) : message(1);
    expect((await read(1, 1, kept.epoch))[0]?.message?.messageId).toBe(kept.messageId);
  });

  test("gives a number up once and for ever; one that is taken it does not", async () => {
    const at = { epoch: "e", seq: 1, atMs: startMs };
    expect(await log().putTombstone(room, at)).toBe("done");
    expect(await log().putTombstone(room, at)).toBe("done");
    expect(await log().append(message(1))).toBe("superseded");
    expect(await read(1, 1)).toMatchObject([{ seq: 1 }]);
    expect((await read(1, 1))[0]).not.toHaveProperty("message");
    await log().append(message(2));
    expect(await log().putTombstone(room, { ...at, seq: 2 })).toBe("taken");
  });

  test("is read in order or backwards, both ends included, of one epoch, page by page", async () => {
    for (let seq = 12; seq >= 1; seq -= 1) await log().append(message(seq, seq === 5 ? { epoch: "old" } : {}));
    const small = logIn(tableOf(inPagesOf(3, tables.client), "Messages"), now, retentionMs);
    const seqs = [2, 3, 4, 6, 7, 8, 9, 10, 11];
    expect((await read(2, 11, "e", small)).map(({ seq }) => seq)).toEqual(seqs);
    expect((await read(2, 11, "e", small, true)).map(({ seq }) => seq)).toEqual(seqs.toReversed());
    expect(await read(5, 4)).toEqual([]);
    expect(await log().get(room, { epoch: "e", seq: 5 })).toBeUndefined();
  });
});
