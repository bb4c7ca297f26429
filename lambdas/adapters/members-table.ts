import type { Member, Members } from "../domain/ports.ts";
import { connectionExpiry, memberKey, memberPrefix, sessionOf } from "./keys.ts";
import type { Table } from "./table.ts";

const isFree = "attribute_not_exists(connectionId)";
const isOurs = "subject = :subject";
// A late write of an old connection may not undo what a newer one of the same session did since.
const isOlder = "connectedAtMs <= :connectedAtMs AND generation <= :generation";

/** The places in rooms as rows of a DynamoDB table. */
export const membersIn = (table: Table, now: () => number): Members => {
  const nowSeconds = () => Math.floor(now() / 1000);
  const placement = ({ connectionId, connectedAtMs, subject, generation }: Member) => ({
    update:
      "SET connectionId = :connectionId, connectedAtMs = :connectedAtMs, subject = :subject, generation = :generation, expiresAt = :expiresAt",
    values: {
      ":connectionId": connectionId,
      ":connectedAtMs": connectedAtMs,
      ":subject": subject,
      ":generation": generation,
      ":expiresAt": connectionExpiry(connectedAtMs),
    },
  });

  return {
    async get(roomId, session) {
      const row = await table.get(memberKey(roomId, session));
      return row && (row.expiresAt as number) > nowSeconds() ? memberOf(row) : undefined;
    },

    async put(roomId, member) {
      const { update, values } = placement(member);
      const put = await table.update(memberKey(roomId, member.session), {
        update: member.holds ? `${update}, holds = :holds` : update,
        condition: `${isFree} OR (${isOurs} AND ${isOlder})`,
        values: member.holds ? { ...values, ":holds": true } : values,
      });
      return put === "refused" ? "superseded" : "done";
    },

    async move(roomId, member) {
      const condition = `${isOurs} AND generation = :generation AND connectedAtMs <= :connectedAtMs`;
      const moved = await table.update(memberKey(roomId, member.session), { ...placement(member), condition });
      return moved === "refused" ? "changed" : "done";
    },

    async remove(roomId, session, connectionId) {
      const row = await table.remove(memberKey(roomId, session), {
        condition: "connectionId = :connectionId",
        values: { ":connectionId": connectionId },
      });
      return row === "refused" || row === undefined ? undefined : memberOf(row);
    },

    async evict(roomId, session, generation) {
      const row = await table.remove(memberKey(roomId, session), {
        condition: "generation < :generation",
        values: { ":generation": generation },
      });
      return row === "refused" || row === undefined ? undefined : memberOf(row);
    },

    async *pages(roomId) {
      const query = {
        key: "roomId = :roomId AND begins_with(#item, :prefix)",
        filter: "expiresAt > :now",
        names: { "#item": "item" },
        values: { ":roomId": roomId, ":prefix": memberPrefix, ":now": nowSeconds() },
      };
      for await (const rows of table.pages(query)) yield rows.map(memberOf);
    },
  };
};

const memberOf = (row: Record<string, unknown>): Member => ({
  session: sessionOf(row.item as string),
  connectionId: row.connectionId as string,
  connectedAtMs: row.connectedAtMs as number,
  subject: row.subject as string,
  generation: row.generation as number,
  holds: row.holds === true,
});
