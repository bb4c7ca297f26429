import type { Pushes, PushRecord } from "../domain/ports.ts";
import { pushExpiry, pushKey, pushPrefix } from "./keys.ts";
import type { Table } from "./table.ts";

/** The books on pushes as rows of the Rooms table. */
export const pushesIn = (table: Table, now: () => number): Pushes => {
  const rowOf = (messageId: string, record: PushRecord) => ({
    ...record,
    ...pushKey(messageId, record.roomId),
    expiresAt: pushExpiry(record.atMs),
  });

  return {
    async begin(messageId, record) {
      const condition = "attribute_not_exists(atMs) OR expiresAt <= :now";
      const values = { ":now": Math.floor(now() / 1000) };
      if ((await table.put(rowOf(messageId, record), { condition, values })) === "done") return undefined;
      const first = await table.get(pushKey(messageId, record.roomId));
      return first && recordOf(first);
    },

    async renumber(messageId, { roomId, epoch, seq }, before) {
      await table.update(pushKey(messageId, roomId), {
        update: "SET epoch = :epoch, #seq = :seq",
        condition: "#seq = :before",
        names: { "#seq": "seq" },
        values: { ":epoch": epoch, ":seq": seq, ":before": before },
      });
    },

    async finish(messageId, record) {
      await table.put(rowOf(messageId, record));
    },

    async get(messageId) {
      const records: PushRecord[] = [];
      const pages = table.pages({
        key: "roomId = :id AND begins_with(#item, :prefix)",
        filter: "expiresAt > :now",
        names: { "#item": "item" },
        values: { ":id": pushKey(messageId, "").roomId, ":prefix": pushPrefix, ":now": Math.floor(now() / 1000) },
      });
      for await (const rows of pages) records.push(...rows.map(recordOf));
      return records;
    },
  };
};

function recordOf(row: Record<string, unknown>): PushRecord {
  const { item, expiresAt: _, ...record } = row;
  return { ...record, roomId: (item as string).slice(pushPrefix.length) } as unknown as PushRecord;
}
