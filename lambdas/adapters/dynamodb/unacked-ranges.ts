import type { Debt, Debts } from "../../domain/model/unacked-range.ts";
import { isUnexpired, pushExpiry, seconds } from "./expiry.ts";
import { debtItems, debtKey } from "./keys.ts";
import { assignmentOf, type Table } from "./table.ts";

/** What those are owed who have gone, as rows of the Rooms table. */
export const debtsIn = (table: Table, now: () => number): Debts => ({
  async note(roomId, debt) {
    const { set, ...expression } = assignmentOf({ ...debt, expiresAt: pushExpiry(now()) });
    await table.update(debtKey(roomId, debt), { update: `SET ${set}`, ...expression });
  },

  async settle(roomId, debt) {
    const isThisNote = { condition: "id = :id", values: { ":id": debt.id } };
    await table.remove(debtKey(roomId, debt), isThisNote);
  },

  async *pages(roomId, part) {
    const [from, to] = debtItems(part);
    const pages = table.pages({
      key: "roomId = :roomId AND #item BETWEEN :from AND :to",
      filter: isUnexpired,
      names: { "#item": "item" },
      values: { ":roomId": roomId, ":from": from, ":to": to, ":now": seconds(now()) },
    });
    for await (const rows of pages) yield rows.map(debtOf);
  },
});

function debtOf({ roomId: _, item: __, expiresAt: ___, ...debt }: Record<string, unknown>): Debt {
  return debt as unknown as Debt;
}
