import { createHash } from "node:crypto";
import type { KnownTask, Pushes, PushRecord } from "../../domain/model/push-record.ts";
import { isExpired, isUnexpired, pushExpiry, seconds } from "./expiry.ts";
import { pushKey, pushPrefix, taskRoom } from "./keys.ts";
import { assignmentOf, type Table } from "./table.ts";
import { progressOf } from "./tasks.ts";

/** Records of pushes as rows of the Rooms table. */
export const pushesIn = (table: Table, now: () => number): Pushes => {
  // The row of an idempotent push has the same key in any room, so that one condition finds the id in another room too.
  const keyOf = (messageId: string, { roomId, digest }: PushRecord) =>
    pushKey(messageId, digest === undefined ? roomId : "");
  const rowOf = (messageId: string, record: PushRecord) => ({
    ...record,
    ...(record.digest !== undefined && { room: record.roomId }),
    ...keyOf(messageId, record),
    expiresAt: pushExpiry(record.atMs),
  });

  return {
    async register(messageId, record) {
      const condition = `attribute_not_exists(atMs) OR ${isExpired}`;
      const values = { ":now": seconds(now()) };
      if ((await table.put(rowOf(messageId, record), { condition, values })) === "done") return undefined;
      const first = await table.get(keyOf(messageId, record));
      return first && recordOf(first);
    },

    digestOf: (text) => createHash("sha256").update(text).digest("base64url").slice(0, 16),

    async forget(messageId, record) {
      await table.remove(keyOf(messageId, record));
    },

    async renumber(messageId, record, before) {
      const { epoch, seq } = record;
      await table.update(keyOf(messageId, record), {
        update: "SET epoch = :epoch, #seq = :seq",
        condition: "#seq = :before",
        names: { "#seq": "seq" },
        values: { ":epoch": epoch, ":seq": seq, ":before": before },
      });
    },

    async finish(messageId, record) {
      await table.put(rowOf(messageId, record));
    },

    async recordParts(messageId, record, parts) {
      const { roomId: _, item: __, ...row } = { ...rowOf(messageId, record), parts };
      const { set, ...expression } = assignmentOf(row, true);
      const update = { update: `SET ${set}`, ...expression, returns: "ALL_NEW" as const };
      const updated = await table.update(keyOf(messageId, record), update);
      return updated === "refused" ? parts : (updated.parts as number);
    },

    async get(messageId) {
      const records: PushRecord[] = [];
      const tasks: { roomId: string; task: KnownTask }[] = [];
      const pages = table.pages({
        key: "roomId = :id",
        filter: isUnexpired,
        values: { ":id": pushKey(messageId, "").roomId, ":now": seconds(now()) },
      });
      for await (const rows of pages) {
        for (const row of rows) {
          const roomId = taskRoom(row.item as string);
          if (roomId === undefined) records.push(recordOf(row));
          else tasks.push({ roomId, task: { ...progressOf(row), ofPart: row.ofPart === true } });
        }
      }
      return records.map((record) => {
        const own = tasks.filter(({ roomId }) => roomId === record.roomId).map(({ task }) => task);
        return own.length === 0 ? record : { ...record, tasks: own };
      });
    },
  };
};

function recordOf(row: Record<string, unknown>): PushRecord {
  const { item, room = (item as string).slice(pushPrefix.length), expiresAt: _, ...record } = row;
  return { ...record, roomId: room } as unknown as PushRecord;
}
