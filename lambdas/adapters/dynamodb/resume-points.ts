import type { ResumePoint, ResumePoints } from "../../domain/model/resume-point.ts";
import { roomExpiry, unexpired } from "./expiry.ts";
import { resumePointKey } from "./keys.ts";
import type { Table } from "./table.ts";

/** Resume points as rows of the Rooms table. `isStart` marks one whose position was not acknowledged. */
export const resumePointsIn = (table: Table, now: () => number): ResumePoints => ({
  async get(roomId, subject) {
    const row = unexpired(await table.get(resumePointKey(roomId, subject)), now());
    return row && { ...(row.position as Omit<ResumePoint, "hasAcked">), hasAcked: row.isStart !== true };
  },

  async keep(roomId, subject, { hasAcked, ...point }) {
    const isNewEpoch = "attribute_not_exists(#position) OR #position.epoch <> :epoch";
    const position = { ":position": point, ":epoch": point.epoch, ":expiresAt": roomExpiry(now()) };
    await table.update(resumePointKey(roomId, subject), {
      names: { "#position": "position" },
      ...(hasAcked
        ? {
            update: "SET #position = :position, expiresAt = :expiresAt REMOVE isStart",
            condition: `${isNewEpoch} OR #position.seq < :seq OR attribute_exists(isStart)`,
            values: { ...position, ":seq": point.seq },
          }
        : {
            update: "SET #position = :position, expiresAt = :expiresAt, isStart = :isStart",
            condition: isNewEpoch,
            values: { ...position, ":isStart": true },
          }),
    });
  },
});
