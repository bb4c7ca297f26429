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

describe("a resume point", () => {
  const resumePoints = () => resumePointsIn(tableOf(tables.client, "Rooms"), now);

  const acked = (seq: number, epoch = "e") => ({ epoch, seq, hasAcked: true });
  const start = (seq: number, epoch = "e") => ({ epoch, seq, hasAcked: false });

  test.each([
    ["later", acked(5), acked(6), true],
    ["the same", acked(5), acked(5), false],
    ["earlier", acked(5), acked(4), false],
    ["in another epoch", acked(5), acked(1, "f"), true],
    ["acked, after one that was not", start(5), acked(4), true],
    ["not acked, after one that was", acked(5), start(6), false],
    ["a second one that was not acked", start(5), start(6), false],
    ["not acked, in another epoch", acked(5), start(1, "f"), true],
  ])("is stored when it is %s: %4$j", async (_, before, resumePoint, isKept) => {
    await resumePoints().keep(room, "ann", before);
    await resumePoints().keep(room, "ann", resumePoint);
    expect(await resumePoints().get(room, "ann")).toEqual(isKept ? resumePoint : before);
  });

  test("is kept for each subject and room, for thirty days", async () => {
    await resumePoints().keep(room, "ann", acked(5));
    expect(await resumePoints().get(room, "bob")).toBeUndefined();
    expect(await resumePoints().get(`${room}-b`, "ann")).toBeUndefined();
    nowMs += 30 * 86_400_000;
    expect(await resumePoints().get(room, "ann")).toBeUndefined();
  });
});
