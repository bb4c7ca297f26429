import type { Position } from "../../protocol/frames.ts";
import type { Cursors } from "../domain/ports.ts";
import { cursorKey, roomExpiry } from "./keys.ts";
import type { Table } from "./table.ts";

/** Where subjects stopped, as rows of the Rooms table. */
export const cursorsIn = (table: Table, now: () => number): Cursors => ({
  async get(roomId, subject) {
    const row = await table.get(cursorKey(roomId, subject));
    return row && (row.expiresAt as number) * 1000 > now() ? (row.position as Position) : undefined;
  },

  async keep(roomId, subject, cursor) {
    await table.update(cursorKey(roomId, subject), {
      update: "SET #position = :position, expiresAt = :expiresAt",
      condition: "attribute_not_exists(#position) OR #position.epoch <> :epoch OR #position.seq < :seq",
      names: { "#position": "position" },
      values: { ":position": cursor, ":epoch": cursor.epoch, ":seq": cursor.seq, ":expiresAt": roomExpiry(now()) },
    });
  },
});
