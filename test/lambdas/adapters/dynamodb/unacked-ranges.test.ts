import { beforeEach, describe, expect, test } from "vitest";
import { membersIn } from "../../../../lambdas/adapters/dynamodb/members.ts";
import { tableOf } from "../../../../lambdas/adapters/dynamodb/table.ts";
import { unackedRangesIn } from "../../../../lambdas/adapters/dynamodb/unacked-ranges.ts";
import type { Part } from "../../../../lambdas/domain/model/member.ts";
import type { UnackedRange } from "../../../../lambdas/domain/model/unacked-range.ts";
import { sharedTables } from "../../../support/shared-tables.ts";
import { openTables } from "../../../support/tables.ts";

const tables = sharedTables(openTables);

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
const table = (name: string) => tableOf(tables.client, name);

describe("an unacked range", () => {
  const unackedRanges = () => unackedRangesIn(table("Rooms"), now);
  const range = (more: Partial<UnackedRange> = {}): UnackedRange => ({
    ...{ id: "1", session: "s#1", connectionId: "c", subject: "ann", epoch: "e", after: 2, upTo: 5, atMs: startMs },
    ...more,
  });
  const all = async (roomId = room, part?: Part) => {
    const found: UnackedRange[] = [];
    for await (const page of unackedRanges().pages(roomId, part)) found.push(...page);
    return found;
  };

  test("is kept as it was recorded, for a day, in its room, with the members", async () => {
    await unackedRanges().record(room, range());
    await membersIn(table("Rooms"), table("Connections"), now).put(room, {
      ...{
        session: "s#1",
        connectionId: "c",
        connectedAtMs: startMs,
        subject: "ann",
        generation: 0,
        holdsLease: false,
      },
    });
    expect(await all()).toEqual([range()]);
    expect(await all(`${room}-b`)).toEqual([]);
    nowMs += 86_400_000;
    expect(await all()).toEqual([]);
  });

  test("replaces an earlier one of the same session that starts at the same number, and no other", async () => {
    await unackedRanges().record(room, range());
    await unackedRanges().record(room, range({ id: "2", upTo: 9 }));
    expect(await all()).toEqual([range({ id: "2", upTo: 9 })]);
    const others = [range({ session: "s#2" }), range({ epoch: "f" }), range({ after: 3 })];
    for (const other of others) await unackedRanges().record(room, other);
    expect(await all()).toHaveLength(4);
  });

  test("is cleared unless it was recorded again meanwhile", async () => {
    await unackedRanges().record(room, range());
    await unackedRanges().record(room, range({ id: "2" }));
    await unackedRanges().clear(room, range());
    expect(await all()).toEqual([range({ id: "2" })]);
    await unackedRanges().clear(room, range({ id: "2" }));
    expect(await all()).toEqual([]);
  });

  test("is in the same part of the room as its session's membership", async () => {
    const members = membersIn(table("Rooms"), table("Connections"), now);
    const sessions = Array.from({ length: 20 }, (_, i) => `s-${i}`);
    for (const session of sessions) {
      const where = { connectedAtMs: startMs, subject: "ann", generation: 0, holdsLease: false };
      await members.put(room, { session, connectionId: session, ...where });
      await unackedRanges().record(room, range({ session }));
    }
    for (const index of [0, 1, 2]) {
      const part = { index, of: 3 };
      const joined: string[] = [];
      for await (const page of members.pages(room, part)) joined.push(...page.map(({ session }) => session));
      expect((await all(room, part)).map(({ session }) => session)).toEqual(joined);
    }
  });
});
