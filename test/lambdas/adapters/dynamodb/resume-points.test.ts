import { beforeEach, describe, expect, test } from "vitest";
import { resumePointsIn } from "../../../../lambdas/adapters/dynamodb/resume-points.ts";
import { tableOf } from "../../../../lambdas/adapters/dynamodb/table.ts";
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

describe("where a subject stopped", () => {
  const resumePoints = () => resumePointsIn(tableOf(tables.client, "Rooms"), now);

  const acked = (seq: number, epoch = "e") => ({ epoch, seq, hasAcked: true });
  const start = (seq: number, epoch = "e") => ({ epoch, seq, hasAcked: false });

  test.each([
    ["further on", acked(5), acked(6), true],
    ["at the same place", acked(5), acked(5), false],
    ["back", acked(5), acked(4), false],
    ["in another epoch", acked(5), acked(1, "f"), true],
    ["where something was acked, after a mere start", start(5), acked(4), true],
    ["a mere start, after something was acked", acked(5), start(6), false],
    ["a second start", start(5), start(6), false],
    ["a start in another epoch", acked(5), start(1, "f"), true],
  ])("is kept when it is %s: %4$j", async (_, before, resumePoint, isKept) => {
    await resumePoints().keep(room, "ann", before);
    await resumePoints().keep(room, "ann", resumePoint);
    expect(await resumePoints().get(room, "ann")).toEqual(isKept ? resumePoint : before);
  });

  test("is each subject's own, in each room, for thirty days", async () => {
    await resumePoints().keep(room, "ann", acked(5));
    expect(await resumePoints().get(room, "bob")).toBeUndefined();
    expect(await resumePoints().get(`${room}-b`, "ann")).toBeUndefined();
    nowMs += 30 * 86_400_000;
    expect(await resumePoints().get(room, "ann")).toBeUndefined();
  });
});
