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
// A late write of an old connection must not undo the write of a newer connection of the same session.
const isEarlier = ({ leaseExpiresAtMs }: NewMember) =>
  leaseExpiresAtMs === undefined
    ? // A connection replaces a polling membership even if the poll is later: the page has stopped polling to connect.
      "(connectedAtMs <= :connectedAtMs OR attribute_exists(leaseExpiresAtMs))"
    : "connectedAtMs <= :connectedAtMs";

/** Memberships as rows of the Rooms table. In `@all` they are the rows of the Connections table. */
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
      const isReplaceable = (isEvicted: string) => `${isFree} OR (${isOurs} AND ${isEarlier(member)} AND ${isEvicted})`;
      const put = await table.update(
        key,
        current === undefined
          ? { update, names, values, condition: isReplaceable("generation <= :generation") }
          : {
              update: `${update}, hasAcked`,
              names,
              values: { ...values, ":current": current, ":now": seconds(now()), ":nowMs": now() },
              condition: isReplaceable(`(generation < :current OR ${isExpired} OR leaseExpiresAtMs <= :nowMs)`),
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
      const expression =
        requestedAtMs === undefined
          ? { condition: isThisConnection, values: { ":connectionId": connectionId } }
          : {
              condition: `${isThisConnection} AND ${isRequestedBefore}`,
              values: { ":connectionId": connectionId, ":requestedAtMs": requestedAtMs },
            };
      return removed(await table.remove(key, expression));
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
        // Messages after the new cursor have not been redelivered yet.
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
      // One more than needed, because a full page has a last key even if there is no next page.
      const { rows, last } = await table.page({ ...query, limit: max + 1 });
      const members = rows.map(memberOf);
      if (!last) return { members, share: 1 };
      return roomId === everyone ? { members } : { members, share: shareUpTo(last.item as string) };
    },

    async *pages(roomId, part, after, filterBy) {
      const { table, ...query } = queryOf(roomId, part, filterBy);
      const from = after === undefined ? {} : { after: addressOf(roomId, after).key };
      // Posts to a part are rate-limited, so members of a large page would be out of date when their turn comes.
      const size = part === undefined ? {} : { limit: rowsPerPage };
      for await (const rows of table.pages({ ...query, ...from, ...size })) yield rows.map(memberOf);
    },
  };
};

const redeliveryFields = ["redeliveries", "redeliveredAtMs", "exhaustedSeq"];

/** The update that writes a membership. It resets the redelivery fields of an existing one. */
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
    // A login by `loginWhenever` does not clear the flag of an earlier login of the session.
    holdsLease: holdsLease || undefined,
    // A resume has none, and keeps that of the login.
    requestedAtMs,
    ...optional,
  });
  const absent = Object.entries(optional).filter(([, value]) => value === undefined);
  const removedNames = [...redeliveryFields, ...absent.map(([name]) => name)];
  return {
    update: `SET ${set} REMOVE ${removedNames.map((name) => `#${name}`).join(", ")}`,
    names: { ...names, ...Object.fromEntries(removedNames.map((name) => [`#${name}`, name])) },
    values,
  };
}

const removed = (row: Record<string, unknown> | "refused" | undefined): Member | undefined =>
  row === "refused" || row === undefined ? undefined : memberOf(row);

/** Rows of Connections have neither `item` nor `generation`: in `@all` each connection is its own session. */
function memberOf(row: Record<string, unknown>): Member {
  const connectionId = row.connectionId as string;
  return {
    session: row.item === undefined ? connectionId : sessionOf(row.item as string),
    connectionId,
    transport: row.leaseExpiresAtMs === undefined ? "websocket" : "polling",
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
