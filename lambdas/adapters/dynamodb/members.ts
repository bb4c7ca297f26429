import type { Position } from "../../../protocol/frames.ts";
import { everyone } from "../../../protocol/ids.ts";
import type { Member, MemberFilter, Members, NewMember, Part } from "../../domain/model/member.ts";
import { connectionExpiry, isExpired, isUnexpired, leaseExpiry, seconds, unexpired } from "./expiry.ts";
import { memberItems, memberKey, sessionOf, shareUpTo } from "./keys.ts";
import { assignmentOf, type Table } from "./table.ts";

const rowsPerPage = 500;
const isFree = "attribute_not_exists(connectionId)";
const isOurs = "subject = :subject";
const isThisConnection = "connectionId = :connectionId";
const hasLease = "(attribute_not_exists(leaseExpiresAtMs) OR leaseExpiresAtMs > :nowMs)";
// A late write of an old connection may not undo what a newer one of the same session did since.
const isEarlier = ({ leaseExpiresAtMs }: NewMember) =>
  leaseExpiresAtMs === undefined
    ? // A poll that was under way while the page connected is later than the connection, and yet what it left.
      "(connectedAtMs <= :connectedAtMs OR attribute_exists(leaseExpiresAtMs))"
    : "connectedAtMs <= :connectedAtMs";

/** The places in rooms as rows of the Rooms table; those in the room of everyone are the Connections' own rows. */
export const membersIn = (rooms: Table, connections: Table, now: () => number): Members => {
  const addressOf = (roomId: string, session: string) =>
    roomId === everyone
      ? { table: connections, key: { connectionId: session } }
      : { table: rooms, key: memberKey(roomId, session) };

  const queryOf = (roomId: string, part?: Part, filterBy: MemberFilter = "current") => {
    const values = { ":now": seconds(now()) };
    if (roomId === everyone) {
      return { table: connections, filter: isUnexpired, values, ...(part && { segment: part }) };
    }
    const [from, to] = memberItems(part);
    const [lease, nowMs] = filterBy === "includingExpired" ? ["", {}] : [` AND ${hasLease}`, { ":nowMs": now() }];
    return {
      table: rooms,
      key: "roomId = :roomId AND #item BETWEEN :from AND :to",
      filter: isUnexpired + lease,
      names: { "#item": "item" },
      values: { ...values, ...nowMs, ":roomId": roomId, ":from": from, ":to": to },
    };
  };

  return {
    async get(roomId, session) {
      const { table, key } = addressOf(roomId, session);
      const row = unexpired(await table.get(key), now());
      const member = row && memberOf(row);
      return member && (member.leaseExpiresAtMs ?? Infinity) > now() ? member : undefined;
    },

    async put(roomId, member, current) {
      const { table, key } = addressOf(roomId, member.session);
      const { update, names, values } = membershipUpdate(member);
      const isOver = (isVoid: string) => `${isFree} OR (${isOurs} AND ${isEarlier(member)} AND ${isVoid})`;
      const put = await table.update(
        key,
        current === undefined
          ? { update, names, values, condition: isOver("generation <= :generation") }
          : {
              update: `${update}, hasAcked`,
              names,
              values: { ...values, ":current": current, ":now": seconds(now()), ":nowMs": now() },
              condition: isOver(`(generation < :current OR ${isExpired} OR leaseExpiresAtMs <= :nowMs)`),
            },
      );
      return put === "refused" ? "superseded" : "done";
    },

    async move(roomId, member) {
      const { table, key } = addressOf(roomId, member.session);
      const condition = `${isOurs} AND generation = :generation AND ${isEarlier(member)}`;
      return (await table.update(key, { ...membershipUpdate(member), condition })) === "refused" ? "changed" : "done";
    },

    async remove(roomId, session, connectionId, requestedAtMs) {
      const { table, key } = addressOf(roomId, session);
      const isRequestedBefore = "(attribute_not_exists(requestedAtMs) OR requestedAtMs <= :requestedAtMs)";
      const given =
        requestedAtMs === undefined
          ? { condition: isThisConnection, values: { ":connectionId": connectionId } }
          : {
              condition: `${isThisConnection} AND ${isRequestedBefore}`,
              values: { ":connectionId": connectionId, ":requestedAtMs": requestedAtMs },
            };
      return removed(await table.remove(key, given));
    },

    async evict(roomId, session, generation) {
      const { table, key } = addressOf(roomId, session);
      return removed(
        await table.remove(key, { condition: "generation < :generation", values: { ":generation": generation } }),
      );
    },

    async ack(roomId, session, connectionId, { epoch, seq }) {
      const { table, key } = addressOf(roomId, session);
      const isForward = "#cursor.epoch = :epoch AND #cursor.seq < :seq";
      const before = await table.update(key, {
        // What is behind the new cursor was not sent again yet.
        update: "SET #cursor.seq = :seq, hasAcked = :true REMOVE redeliveries, redeliveredAtMs, exhaustedSeq",
        condition: `${isThisConnection} AND ${isForward}`,
        names: { "#cursor": "cursor" },
        values: { ":connectionId": connectionId, ":epoch": epoch, ":seq": seq, ":true": true },
        returns: "ALL_OLD",
      });
      return before === "refused" ? "refused" : (before.cursor as Position).seq;
    },

    async setCursor(roomId, session, connectionId, cursor, startSeq) {
      const { table, key } = addressOf(roomId, session);
      const [fields, gone, values] =
        startSeq === undefined
          ? ["hasAcked = :true", "", { ":true": true }]
          : ["startSeq = :startSeq", ", hasAcked", { ":startSeq": startSeq }];
      await table.update(key, {
        update: `SET #cursor = :cursor, ${fields} REMOVE redeliveries, redeliveredAtMs, exhaustedSeq${gone}`,
        condition: isThisConnection,
        names: { "#cursor": "cursor" },
        values: { ":connectionId": connectionId, ":cursor": cursor, ...values },
      });
    },

    async recordRedelivery(roomId, { session, connectionId, cursor, redeliveries, redeliveredAtMs, exhaustedSeq }) {
      const { table, key } = addressOf(roomId, session);
      await table.update(key, {
        update: "SET redeliveries = :redeliveries, redeliveredAtMs = :redeliveredAtMs, exhaustedSeq = :exhaustedSeq",
        condition: `${isThisConnection} AND #cursor.epoch = :epoch AND #cursor.seq = :seq`,
        names: { "#cursor": "cursor" },
        values: {
          ":connectionId": connectionId,
          ":epoch": cursor?.epoch,
          ":seq": cursor?.seq,
          ":redeliveries": redeliveries,
          ":redeliveredAtMs": redeliveredAtMs,
          ":exhaustedSeq": exhaustedSeq,
        },
      });
    },

    async first(roomId, max, filterBy) {
      const { table, ...query } = queryOf(roomId, undefined, filterBy);
      // One more: a page that is full names a last key, whether there is a next one or not.
      const { rows, last } = await table.page({ ...query, limit: max + 1 });
      const members = rows.map(memberOf);
      if (!last) return { members, share: 1 };
      return roomId === everyone ? { members } : { members, share: shareUpTo(last.item as string) };
    },

    async *pages(roomId, part, after, filterBy) {
      const { table, ...query } = queryOf(roomId, part, filterBy);
      const from = after === undefined ? {} : { after: addressOf(roomId, after).key };
      // A part is posted to at a pace: what was read long before its turn would be out of date.
      const size = part === undefined ? {} : { limit: rowsPerPage };
      for await (const rows of table.pages({ ...query, ...from, ...size })) yield rows.map(memberOf);
    },
  };
};

const redeliveryFields = ["redeliveries", "redeliveredAtMs", "exhaustedSeq"];

/** The update that writes a place; of one that was there before, what was sent again counts no more. */
function membershipUpdate(member: NewMember) {
  const { connectionId, connectedAtMs, requestedAtMs, subject, generation, holdsLease, cursor, leaseExpiresAtMs } =
    member;
  const optional = { cursor, startSeq: member.startSeq ?? cursor?.seq, leaseExpiresAtMs };
  const { set, names, values } = assignmentOf({
    connectionId,
    connectedAtMs,
    subject,
    generation,
    expiresAt: leaseExpiresAtMs === undefined ? connectionExpiry(connectedAtMs) : leaseExpiry(leaseExpiresAtMs),
    // A login that looks at nobody leaves a claim of the same session as it is.
    holdsLease: holdsLease || undefined,
    // Without one it stays that of the login before.
    requestedAtMs,
    ...optional,
  });
  const absent = Object.entries(optional).filter(([, value]) => value === undefined);
  const gone = [...redeliveryFields, ...absent.map(([name]) => name)];
  return {
    update: `SET ${set} REMOVE ${gone.map((name) => `#${name}`).join(", ")}`,
    names: { ...names, ...Object.fromEntries(gone.map((name) => [`#${name}`, name])) },
    values,
  };
}

const removed = (row: Record<string, unknown> | "refused" | undefined): Member | undefined =>
  row === "refused" || row === undefined ? undefined : memberOf(row);

/** The Connections' rows have neither an item nor a generation: each is its own session in the room of everyone. */
function memberOf(row: Record<string, unknown>): Member {
  const connectionId = row.connectionId as string;
  return {
    session: row.item === undefined ? connectionId : sessionOf(row.item as string),
    connectionId,
    connectedAtMs: row.connectedAtMs as number,
    subject: row.subject as string,
    generation: (row.generation as number | undefined) ?? 0,
    holdsLease: row.holdsLease === true,
    ...(row.cursor === undefined ? {} : { cursor: row.cursor as Position }),
    ...(row.startSeq === undefined ? {} : { startSeq: row.startSeq as number }),
    hasAcked: row.hasAcked === true,
    acks: row.cursor !== undefined || row.acks === true,
    redeliveries: (row.redeliveries as number | undefined) ?? 0,
    redeliveredAtMs: (row.redeliveredAtMs as number | undefined) ?? 0,
    exhaustedSeq: (row.exhaustedSeq as number | undefined) ?? 0,
    ...(row.leaseExpiresAtMs === undefined ? {} : { leaseExpiresAtMs: row.leaseExpiresAtMs as number }),
    ...(row.requestedAtMs === undefined ? {} : { requestedAtMs: row.requestedAtMs as number }),
  };
}
