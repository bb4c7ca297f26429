import { beforeEach, describe, expect, test } from "vitest";
import { onePage } from "../../../../lambdas/domain/concurrency/pages.ts";
import { missedBytes, readHistory, readMissed, readPending } from "../../../../lambdas/domain/log/read.ts";
import { Harness } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { intercept } from "../../../support/intercept.ts";
import { sharedTables } from "../../../support/shared-tables.ts";

const tables = sharedTables(openInMemoryTables);

const day = 86_400_000;
let harness: Harness;
let room = "";
beforeEach(() => {
  harness = new Harness(tables.client);
  room = `room-${harness.nextId()}`;
});

/** A push that dies after it took a number, before it writes the log. */
const die = () => harness.deps.rooms.nextSeq(room);
const push = (data: string, more = {}) => harness.push(room, JSON.stringify(data), more);
const roomNow = () => harness.deps.rooms.open(room);
async function missedSince(seq: number, epoch?: string, budget?: number) {
  const now = await roomNow();
  const part = await readMissed(harness.deps, now, { epoch: epoch ?? now.epoch, seq }, "ann", budget);
  return parsed(part);
}
type Part = Awaited<ReturnType<typeof readMissed>>;
/** The messages as they are sent: each is JSON text. */
const parsed = ({ missed, ...part }: Part) => ({
  ...part,
  missed: missed.map((raw) => JSON.parse((raw as unknown as { text: string }).text).data),
});
const historyOf = async (count: number, budget?: number) => {
  const { after, part } = await readHistory(harness.deps, await roomNow(), count, "ann", budget);
  return { after, ...parsed(part) };
};

describe("missed messages", () => {
  test("are all messages after the position, in order", async () => {
    for (const data of ["a", "b", "c"]) await push(data);
    expect(await missedSince(0)).toEqual({ recovered: true, missed: ["a", "b", "c"], upTo: 3 });
    expect(await missedSince(2)).toEqual({ recovered: true, missed: ["c"], upTo: 3 });
    expect(await missedSince(3)).toEqual({ recovered: true, missed: [], upTo: 3 });
  });

  test.each([
    ["of another epoch", 0, "elsewhere"],
    ["of the future", 4, undefined],
    ["of the far future", 1_000_000_000, undefined],
  ])("since a position %s cannot be recovered", async (_, seq, epoch) => {
    for (const data of ["a", "b", "c"]) await push(data);
    expect(await missedSince(seq, epoch)).toEqual({ recovered: false, missed: [], upTo: 3 });
  });

  test("do not include those whose ttl has ended", async () => {
    await push("a", { ttlMs: 1_000 });
    await push("b");
    harness.nowMs += 1_001;
    expect(await missedSince(0)).toEqual({ recovered: true, missed: ["b"], upTo: 2 });
  });

  test("of a room whose counters were lost are of the new epoch only, and pushes continue", async () => {
    for (const data of ["a", "b", "c"]) await push(data);
    const { epoch } = await roomNow();
    const { tableOf } = await import("../../../../lambdas/adapters/dynamodb/table.ts");
    await tableOf(tables.client, "Rooms").remove({ roomId: room, item: "room" });
    harness.nowMs += 1;
    for (let i = 0; i < 2; i += 1) expect(await push(`new ${i}`)).toHaveProperty("messageId");
    expect(await missedSince(2, epoch)).toMatchObject({ recovered: false });
    expect(await missedSince(0)).toEqual({ recovered: true, missed: ["new 0", "new 1"], upTo: 2 });
    expect((await historyOf(10)).missed).toEqual(["new 0", "new 1"]);
  });
});

describe("a gap", () => {
  test.each([
    ["between two messages", true],
    ["at the end", false],
  ])("that is young, %s: the reading ends before it, with more to come", async (_, isFollowed) => {
    await push("a");
    await die();
    if (isFollowed) await push("c");
    expect(await missedSince(0)).toEqual({ recovered: true, missed: ["a"], upTo: 1, more: true });
  });

  test.each([
    ["between two messages", true],
    ["at the end", false],
  ])("that is old, %s, gets a tombstone", async (_, isFollowed) => {
    await push("a");
    const { epoch, seq } = await die();
    if (isFollowed) await push("c");
    harness.nowMs += 2_000;
    const missed = isFollowed ? ["a", "c"] : ["a"];
    expect(await missedSince(0)).toEqual({ recovered: true, missed, upTo: isFollowed ? 3 : 2 });
    const late = { roomId: room, epoch, seq, messageId: "late", eventName: "e", rawData: "1", atMs: harness.nowMs };
    expect(await harness.deps.log.append(late)).toBe("superseded");
  });

  test("that a message fills before its tombstone is not skipped", async () => {
    await push("a");
    const { epoch, seq } = await die();
    await push("c");
    harness.nowMs += 2_000;
    const { log } = harness.deps;
    const restore = intercept(log, "putTombstone", (putTombstone) => async (...args) => {
      const late = { roomId: room, epoch, seq, messageId: "late", eventName: "e", rawData: '"b"', atMs: harness.nowMs };
      await log.append(late);
      return putTombstone(...args);
    });
    expect(await missedSince(0)).toMatchObject({ missed: ["a"], upTo: 1, more: true });
    restore();
    expect(await missedSince(1)).toEqual({ recovered: true, missed: ["b", "c"], upTo: 3 });
  });
});

describe("a log with expired entries", () => {
  const trim = async () => {
    await push("a");
    await push("b");
    harness.nowMs += day + 1_000;
    await push("c");
  };

  test("does not reach back to expired entries", async () => {
    await trim();
    expect(await missedSince(0)).toEqual({ recovered: false, missed: [], upTo: 3 });
    expect(await missedSince(1)).toMatchObject({ recovered: false });
  });

  test("reaches back as far as a kept entry proves that the next has not expired", async () => {
    await trim();
    harness.nowMs += 10_000;
    await push("d");
    expect(await missedSince(3)).toEqual({ recovered: true, missed: ["d"], upTo: 4 });
  });

  test("and no kept entries recovers nothing", async () => {
    await push("a");
    await push("b");
    harness.nowMs += day + 60_000;
    expect(await missedSince(0)).toMatchObject({ recovered: false });
    expect(await missedSince(1)).toMatchObject({ recovered: false });
    expect(await missedSince(2)).toMatchObject({ recovered: true, missed: [] });
  });

  test("is complete for a room that is younger than the retention", async () => {
    await die();
    await push("b");
    harness.nowMs += day / 2;
    expect(await missedSince(0)).toEqual({ recovered: true, missed: ["b"], upTo: 2 });
  });
});

// An entry proves that later numbers are kept only if it is clearly younger than the retention: pushes that are accepted
// 20 s apart can take their numbers in the reverse order.
test.each([1, 2])(
  "an entry about to expire does not prove that the next number is kept, read since %i",
  async (seq) => {
    await push("opens the room");
    harness.nowMs += 100_000;
    const acceptedMs = harness.nowMs;
    for (const [data, atMs] of [
      ["younger", acceptedMs + 20_000],
      ["older", acceptedMs],
    ] as const) {
      const { epoch, seq: number } = await harness.deps.rooms.nextSeq(room);
      const message = { roomId: room, epoch, seq: number, messageId: data, eventName: "e", rawData: `"${data}"`, atMs };
      expect(await harness.deps.log.append(message)).toBe("done");
    }
    harness.nowMs += 30_000;
    await push("newest");
    harness.nowMs = acceptedMs + day + 1_000;
    expect(await missedSince(seq)).toEqual({ recovered: false, missed: [], upTo: 4 });
  },
);

describe("the size of a reply", () => {
  const large = (letter: string) => letter.repeat(40_000);

  test("limits its messages, and `more` says that there are others", async () => {
    for (const letter of ["a", "b", "c"]) await push(large(letter));
    expect(await missedSince(0)).toMatchObject({ missed: [large("a"), large("b")], upTo: 2, more: true });
    expect(await missedSince(2)).toMatchObject({ missed: [large("c")], upTo: 3 });
    expect(await missedSince(0, undefined, 50_000)).toMatchObject({ missed: [large("a")], upTo: 1, more: true });
  });

  test("excludes a message that alone exceeds it, and returns it to be posted alone", async () => {
    await push("a".repeat(missedBytes));
    await push("b");
    const part = await missedSince(0);
    expect(part).toMatchObject({ recovered: true, missed: [], upTo: 0, more: true, tooLarge: { seq: 1 } });
  });
});

describe("history", () => {
  test("is the newest messages", async () => {
    for (const data of ["a", "b", "c"]) await push(data);
    expect(await historyOf(2)).toEqual({ after: 1, recovered: true, missed: ["b", "c"], upTo: 3 });
    expect(await historyOf(100)).toEqual({ after: 0, recovered: true, missed: ["a", "b", "c"], upTo: 3 });
  });

  test("of a room without messages is empty", async () => {
    expect(await historyOf(5)).toEqual({ after: 0, recovered: true, missed: [], upTo: 0 });
  });

  test("counts as recovered although older messages have expired", async () => {
    await push("a");
    harness.nowMs += day + 1_000;
    await push("b");
    expect(await historyOf(5)).toEqual({ after: 1, recovered: true, missed: ["b"], upTo: 2 });
    harness.nowMs += day + 1_000;
    expect(await historyOf(5)).toEqual({ after: 1, recovered: true, missed: [], upTo: 2 });
  });

  test("counts only messages for the reader, however far back they are", async () => {
    for (const data of ["a", "b"]) await push(data);
    await push("to others", { exclude: ["ann"] });
    await push("for a second", { ttlMs: 1_000 });
    await die();
    await push("c");
    harness.nowMs += 2_000;
    expect(await historyOf(2)).toEqual({ after: 1, recovered: true, missed: ["b", "c"], upTo: 6 });
  });

  // It left out the oldest messages, or all if the last one was large, and claimed to be complete.
  test("that exceeds a reply begins with the oldest message, and `more` says that there are others", async () => {
    for (const letter of ["a", "b", "c"]) await push(letter.repeat(30_000));
    const { missed, ...rest } = await historyOf(3, 70_000);
    expect(missed.map((text: string) => text[0])).toEqual(["a", "b"]);
    expect(rest).toEqual({ after: 0, recovered: true, upTo: 2, more: true });
    expect(await missedSince(2)).toMatchObject({ missed: ["c".repeat(30_000)], upTo: 3 });
  });

  test.each([1, 5])("of %s returns a last message that alone is too large, to be posted alone", async (count) => {
    await push("a".repeat(missedBytes));
    expect(await historyOf(count)).toMatchObject({ missed: [], upTo: 0, more: true, tooLarge: { seq: 1 } });
  });

  // It claimed everything up to the newest number, so a message that was still being written reached no page.
  test.each([
    ["between two messages", true],
    ["at the end", false],
  ])("ends before a number that is still being written, %s", async (_, isFollowed) => {
    await push("a");
    await die();
    if (isFollowed) await push("c");
    expect(await historyOf(5)).toEqual({ after: 0, recovered: true, missed: ["a"], upTo: 1, more: true });
    harness.nowMs += 2_000;
    expect(await historyOf(5)).toMatchObject({ missed: isFollowed ? ["a", "c"] : ["a"], upTo: isFollowed ? 3 : 2 });
  });

  test("does not begin after a number that is still being written", async () => {
    await die();
    await push("b");
    expect(await historyOf(5)).toEqual({ after: 0, recovered: true, missed: [], upTo: 0, more: true });
  });

  test("reads the newest thousand numbers only", async () => {
    let asked: number[] = [];
    intercept(harness.deps.log, "pages", () => (_, from, to) => {
      asked = [from, to];
      return onePage([]);
    });
    const room = { ...(await roomNow()), seq: 5_000, openedAtMs: 0, lastAtMs: 0 };
    expect(await readHistory(harness.deps, room, 10, "ann")).toMatchObject({ after: 4_999 });
    expect(asked).toEqual([4_001, 5_000]);
  });
});

test("pending messages are limited in number, and exclude those whose ttl has ended", async () => {
  await push("a", { ttlMs: 1_000 });
  for (const data of ["b", "c", "d"]) await push(data);
  harness.nowMs += 1_001;
  const waiting = await readPending(harness.deps, await roomNow(), 0, 2);
  expect(waiting.map(({ seq }) => seq)).toEqual([2, 3]);
});
