import type { Log, LogEntry, Message } from "../../domain/model/message.ts";
import { expiry, isUnexpired, seconds, unexpired } from "./expiry.ts";
import type { Table } from "./table.ts";

// A room whose counter was lost begins at 1 again: what an earlier epoch left there gives way, and only what is older,
// so that a late writer of that epoch takes nothing from this one.
const isFree = "attribute_not_exists(roomId) OR (epoch <> :epoch AND atMs < :atMs)";
const free = ({ epoch, atMs }: Pick<Message, "epoch" | "atMs">) => ({
  condition: isFree,
  values: { ":epoch": epoch, ":atMs": atMs },
});

/**
 * The kept messages as rows of a DynamoDB table.
 *
 * @param retentionMs how long a message is kept
 */
export function logIn(table: Table, now: () => number, retentionMs: number): Log {
  const get: Log["get"] = async (roomId, { epoch, seq }) => {
    const row = unexpired(await table.get({ roomId, seq }), now());
    return row?.epoch === epoch ? entryOf(row) : undefined;
  };

  return {
    retentionMs,
    get,

    async append(message) {
      const row = { ...rowOf(message), expiresAt: expiry(message.atMs + retentionMs) };
      if ((await table.put(row, free(message))) === "done") return "done";
      const there = await table.get({ roomId: message.roomId, seq: message.seq });
      return there?.messageId === message.messageId ? "exists" : "superseded";
    },

    async putTombstone(roomId, { epoch, seq, atMs }) {
      const row = { roomId, seq, epoch, atMs, expiresAt: expiry(atMs + retentionMs) };
      if ((await table.put(row, free({ epoch, atMs }))) === "done") return "done";
      // Somebody else may have given it up at the same time.
      return (await get(roomId, { epoch, seq }))?.message ? "taken" : "done";
    },

    async *pages({ roomId, epoch }, from, to, backwards = false) {
      if (from > to) return;
      const pages = table.pages({
        backwards,
        key: "roomId = :roomId AND #seq BETWEEN :from AND :to",
        filter: `${isUnexpired} AND epoch = :epoch`,
        names: { "#seq": "seq" },
        values: { ":roomId": roomId, ":epoch": epoch, ":from": from, ":to": to, ":now": seconds(now()) },
      });
      for await (const rows of pages) yield rows.map(entryOf);
    },
  };
}

/** The attributes of a message. All of its fields but the data have attributes of their own names. */
export type MessageRow = Record<Exclude<keyof Message, "rawData"> | "data", unknown>;

const rowOf = (message: Message): MessageRow => ({
  roomId: message.roomId,
  epoch: message.epoch,
  seq: message.seq,
  messageId: message.messageId,
  atMs: message.atMs,
  data: message.rawData,
  payload: message.payload,
  eventName: message.eventName,
  ttlEndsAtMs: message.ttlEndsAtMs,
  exclude: message.exclude,
  receiptTo: message.receiptTo,
  from: message.from,
  conversation: message.conversation,
});

/** A row without data is a tombstone. */
function entryOf(row: Record<string, unknown>): LogEntry {
  const entry = { seq: row.seq as number, atMs: row.atMs as number };
  const isTombstone = row.data === undefined && row.payload === undefined;
  if (isTombstone) return entry;
  const { data: rawData, expiresAt: _, ...message } = row;
  return { ...entry, message: { ...message, rawData } as unknown as Message };
}
