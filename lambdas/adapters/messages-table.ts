import type { Log, LogEntry, Message } from "../domain/ports.ts";
import type { Table } from "./table.ts";

const isFree = "attribute_not_exists(roomId)";

/**
 * The kept messages as rows of a DynamoDB table.
 *
 * @param retentionMs how long a message is kept
 */
export function logIn(table: Table, now: () => number, retentionMs: number): Log {
  const expiry = (atMs: number) => Math.ceil((atMs + retentionMs) / 1000);
  const get: Log["get"] = async (roomId, seq) => {
    const row = await table.get({ roomId, seq });
    return row && (row.expiresAt as number) * 1000 > now() ? entryOf(row) : undefined;
  };

  return {
    retentionMs,
    get,

    async append({ rawData, ...message }) {
      const row = { ...message, data: rawData, expiresAt: expiry(message.atMs) };
      if ((await table.put(row, { condition: isFree })) === "done") return "done";
      const there = await table.get({ roomId: message.roomId, seq: message.seq });
      return there?.messageId === message.messageId ? "there" : "void";
    },

    async giveUp(roomId, { epoch, seq, atMs }) {
      const row = { roomId, seq, epoch, atMs, expiresAt: expiry(atMs) };
      if ((await table.put(row, { condition: isFree })) === "done") return "done";
      // Somebody else may have given it up at the same time.
      return (await get(roomId, seq))?.message ? "taken" : "done";
    },

    async *pages(roomId, from, to) {
      if (from > to) return;
      const pages = table.pages({
        key: "roomId = :roomId AND #seq BETWEEN :from AND :to",
        filter: "expiresAt > :now",
        names: { "#seq": "seq" },
        values: { ":roomId": roomId, ":from": from, ":to": to, ":now": Math.floor(now() / 1000) },
      });
      for await (const rows of pages) yield rows.map(entryOf);
    },
  };
}

function entryOf(row: Record<string, unknown>): LogEntry {
  const { data, expiresAt: _, ...message } = row;
  const entry = { seq: row.seq as number, atMs: row.atMs as number };
  return data === undefined ? entry : { ...entry, message: { ...message, rawData: data } as unknown as Message };
}
