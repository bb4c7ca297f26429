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

/** A push that died between its number and the log. */
const die = () => harness.deps.rooms.nextSeq(room);
const push = (data: string, more = {}) => harness.push(room, JSON.stringify(data), more);
const roomNow = () => harness.deps.rooms.open(room);
async function missedSince(seq: number, epoch?: string, budget?: number) {
  const now = await roomNow();
  const part = await readMissed(harness.deps, now, { epoch: epoch ?? now.epoch, seq }, "ann", budget);
  return inWords(part);
}
type Part = Awaited<ReturnType<typeof readMissed>>;
/** The messages as they go out: each is kept as text. */
const inWords = ({ missed, ...part }: Part) => ({
  ...part,
  missed: missed.map((raw) => JSON.parse((raw as unknown as { text: string }).text).data),
});
const historyOf = async (count: number, budget?: number) => {
  const { after, part } = await readHistory(harness.deps, await roomNow(), count, "ann", budget);
  return { after, ...inWords(part) };
};

describe("what was missed", () => {
  test("is all that is behind, in order", async () => {
    for (const data of ["a", "b", "c"]) await push(data);
    expect(await missedSince(0)).toEqual({ recovered: true, missed: ["a", "b", "c"], upTo: 3 });
    expect(await missedSince(2)).toEqual({ recovered: true, missed: ["c"], upTo: 3 });
    expect(await missedSince(3)).toEqual({ recovered: true, missed: [], upTo: 3 });
  });

  test.each([
    ["of another epoch", 0, "elsewhere"],
    ["of the future", 4, undefined],
    ["of the far future", 1_000_000_000, undefined],
  ])("since a position %s cannot be told", async (_, seq, epoch) => {
    for (const data of ["a", "b", "c"]) await push(data);
    expect(await missedSince(seq, epoch)).toEqual({ recovered: false, missed: [], upTo: 3 });
  });

  test("leaves out what nobody wants any more", async () => {
    await push("a", { ttlMs: 1_000 });
    await push("b");
    harness.nowMs += 1_001;
    expect(await missedSince(0)).toEqual({ recovered: true, missed: ["b"], upTo: 2 });
  });

  test("of a room whose counters were lost is of the new epoch only, and pushes go on", async () => {
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

describe("a hole", () => {
  test.each([
    ["between two messages", true],
    ["at the end", false],
  ])("that is young, %s: more will come, nothing behind it is told", async (_, isFollowed) => {
    await push("a");
    await die();
    if (isFollowed) await push("c");
    expect(await missedSince(0)).toEqual({ recovered: true, missed: ["a"], upTo: 1, more: true });
  });

  test.each([
    ["between two messages", true],
    ["at the end", false],
  ])("that is old, %s, is given up for ever", async (_, isFollowed) => {
    await push("a");
    const { epoch, seq } = await die();
    if (isFollowed) await push("c");
    harness.nowMs += 2_000;
    const missed = isFollowed ? ["a", "c"] : ["a"];
    expect(await missedSince(0)).toEqual({ recovered: true, missed, upTo: isFollowed ? 3 : 2 });
    const late = { roomId: room, epoch, seq, messageId: "late", eventName: "e", rawData: "1", atMs: harness.nowMs };
    expect(await harness.deps.log.append(late)).toBe("superseded");
  });

  test("that is filled while it is given up is not passed", async () => {
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

describe("a log that was trimmed by age", () => {
  const trim = async () => {
    await push("a");
    await push("b");
    harness.nowMs += day + 1_000;
    await push("c");
  };

  test("does not reach back to what has left it", async () => {
    await trim();
    expect(await missedSince(0)).toEqual({ recovered: false, missed: [], upTo: 3 });
    expect(await missedSince(1)).toMatchObject({ recovered: false });
  });

  test("reaches back as far as one message proves that the next has not left", async () => {
    await trim();
    harness.nowMs += 10_000;
    await push("d");
    expect(await missedSince(3)).toEqual({ recovered: true, missed: ["d"], upTo: 4 });
  });

  test("and holds nothing any more cannot tell what was in it", async () => {
    await push("a");
    await push("b");
    harness.nowMs += day + 60_000;
    expect(await missedSince(0)).toMatchObject({ recovered: false });
    expect(await missedSince(1)).toMatchObject({ recovered: false });
    expect(await missedSince(2)).toMatchObject({ recovered: true, missed: [] });
  });

  test("is whole for a room that is younger than what it keeps", async () => {
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

describe("a reply's bytes", () => {
  const large = (letter: string) => letter.repeat(40_000);

  test("hold as many messages as fit; the rest is to be asked for", async () => {
    for (const letter of ["a", "b", "c"]) await push(large(letter));
    expect(await missedSince(0)).toMatchObject({ missed: [large("a"), large("b")], upTo: 2, more: true });
    expect(await missedSince(2)).toMatchObject({ missed: [large("c")], upTo: 3 });
    expect(await missedSince(0, undefined, 50_000)).toMatchObject({ missed: [large("a")], upTo: 1, more: true });
  });

  test("do not hold a message that alone is larger: it is named, to be posted by itself", async () => {
    await push("a".repeat(missedBytes));
    await push("b");
    const part = await missedSince(0);
    expect(part).toMatchObject({ recovered: true, missed: [], upTo: 0, more: true, tooLarge: { seq: 1 } });
  });
});

describe("history", () => {
  test("is the newest so many", async () => {
    for (const data of ["a", "b", "c"]) await push(data);
    expect(await historyOf(2)).toEqual({ after: 1, recovered: true, missed: ["b", "c"], upTo: 3 });
    expect(await historyOf(100)).toEqual({ after: 0, recovered: true, missed: ["a", "b", "c"], upTo: 3 });
  });

  test("of a room without messages is empty", async () => {
    expect(await historyOf(5)).toEqual({ after: 0, recovered: true, missed: [], upTo: 0 });
  });

  test("is no less for what has left the log", async () => {
    await push("a");
    harness.nowMs += day + 1_000;
    await push("b");
    expect(await historyOf(5)).toEqual({ after: 1, recovered: true, missed: ["b"], upTo: 2 });
    harness.nowMs += day + 1_000;
    expect(await historyOf(5)).toEqual({ after: 1, recovered: true, missed: [], upTo: 2 });
  });

  test("counts only what the reader may have, however far back that is", async () => {
    for (const data of ["a", "b"]) await push(data);
    await push("to others", { exclude: ["ann"] });
    await push("for a second", { ttlMs: 1_000 });
    await die();
    await push("c");
    harness.nowMs += 2_000;
    expect(await historyOf(2)).toEqual({ after: 1, recovered: true, missed: ["b", "c"], upTo: 6 });
  });

  // It left out the oldest, or all if the last one was large, and claimed to be everything.
  test("that is more than a reply holds begins with the oldest; the rest is to be asked for", async () => {
    for (const letter of ["a", "b", "c"]) await push(letter.repeat(30_000));
    const { missed, ...rest } = await historyOf(3, 70_000);
    expect(missed.map((text: string) => text[0])).toEqual(["a", "b"]);
    expect(rest).toEqual({ after: 0, recovered: true, upTo: 2, more: true });
    expect(await missedSince(2)).toMatchObject({ missed: ["c".repeat(30_000)], upTo: 3 });
  });

  test.each([1, 5])("of %s names a last message that alone is too large, to be posted by itself", async (count) => {
    await push("a".repeat(missedBytes));
    expect(await historyOf(count)).toMatchObject({ missed: [], upTo: 0, more: true, tooLarge: { seq: 1 } });
  });

  // It claimed everything up to the newest number, also one whose message was not written yet and came to nobody.
  test.each([
    ["between two messages", true],
    ["at the end", false],
  ])("does not reach over a number that is still to be written, %s", async (_, isFollowed) => {
    await push("a");
    await die();
    if (isFollowed) await push("c");
    expect(await historyOf(5)).toEqual({ after: 0, recovered: true, missed: ["a"], upTo: 1, more: true });
    harness.nowMs += 2_000;
    expect(await historyOf(5)).toMatchObject({ missed: isFollowed ? ["a", "c"] : ["a"], upTo: isFollowed ? 3 : 2 });
  });

  test("does not begin behind a number that is still to be written", async () => {
    await die();
    await push("b");
    expect(await historyOf(5)).toEqual({ after: 0, recovered: true, missed: [], upTo: 0, more: true });
  });

  test("looks at the newest thousand numbers only", async () => {
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

test("what waits for a member is at most as many as asked for, wanted ones only", async () => {
  await push("a", { ttlMs: 1_000 });
  for (const data of ["b", "c", "d"]) await push(data);
  harness.nowMs += 1_001;
  const waiting = await readPending(harness.deps, await roomNow(), 0, 2);
  expect(waiting.map(({ seq }) => seq)).toEqual([2, 3]);
});
