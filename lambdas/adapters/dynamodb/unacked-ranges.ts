import type { UnackedRange, UnackedRanges } from "../../domain/model/unacked-range.ts";
import { isUnexpired, pushExpiry, seconds } from "./expiry.ts";
import { unackedItems, unackedKey } from "./keys.ts";
import { assignmentOf, type Table } from "./table.ts";

/** Unacked ranges of departed sessions as rows of the Rooms table. */
export const unackedRangesIn = (table: Table, now: () => number): UnackedRanges => ({
  async record(roomId, range) {
    const { set, ...expression } = assignmentOf({ ...range, expiresAt: pushExpiry(now()) });
    await table.update(unackedKey(roomId, range), { update: `SET ${set}`, ...expression });
  },

  async clear(roomId, range) {
    const isThisRange = { condition: "id = :id", values: { ":id": range.id } };
    await table.remove(unackedKey(roomId, range), isThisRange);
  },

  async *pages(roomId, part) {
    const [from, to] = unackedItems(part);
    const pages = table.pages({
      key: "roomId = :roomId AND #item BETWEEN :from AND :to",
      filter: isUnexpired,
      names: { "#item": "item" },
      values: { ":roomId": roomId, ":from": from, ":to": to, ":now": seconds(now()) },
    });
    for await (const rows of pages) yield rows.map(unackedRangeOf);
  },
});

function unackedRangeOf({ roomId: _, item: __, expiresAt: ___, ...range }: Record<string, unknown>): UnackedRange {
  return range as unknown as UnackedRange;
}
