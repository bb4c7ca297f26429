import type { Position } from "../../../protocol/frames.ts";
import { everyone } from "../../../protocol/ids.ts";
import type { Member, Members, NewMember, Part, Whom } from "../../domain/model/member.ts";
import { connectionExpiry, isExpired, isUnexpired, leaseExpiry, seconds, unexpired } from "./expiry.ts";
import { memberItems, memberKey, sessionOf, shareUpTo } from "./keys.ts";
import { assignmentOf, type Table } from "./table.ts";

const rowsPerPage = 500;
const isFree = "attribute_not_exists(connectionId)";
const isOurs = "subject = :subject";
const isThisConnection = "connectionId = :connectionId";
const hasLease = "(attribute_not_exists(leaseUntilMs) OR leaseUntilMs > :nowMs)";
// A late write of an old connection may not undo what a newer one of the same session did since.
const isEarlier = ({ leaseUntilMs }: NewMember) =>
  leaseUntilMs === undefined
    ? // A poll that was under way while the page connected is later than the connection, and yet what it left.
      "(connectedAtMs <= :connectedAtMs OR attribute_exists(leaseUntilMs))"
    : "connectedAtMs <= :connectedAtMs";

/** The places in rooms as rows of the Rooms table; those in the room of everyone are the Connections' own rows. */
export const membersIn = (rooms: Table, connections: Table, now: () => number): Members => {
  const placeOf = (roomId: string, session: string) =>
    roomId === everyone
      ? { table: connections, key: { connectionId: session } }
      : { table: rooms, key: memberKey(roomId, session) };

  const queryOf = (roomId: string, part?: Part, whom: Whom = "members") => {
    const values = { ":now": seconds(now()) };
    if (roomId === everyone) {
      return { table: connections, filter: isUnexpired, values, ...(part && { segment: part }) };
    }
    const [from, to] = memberItems(part);
    const [lease, nowMs] = whom === "lapsed" ? ["", {}] : [` AND ${hasLease}`, { ":nowMs": now() }];
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
      const { table, key } = placeOf(roomId, session);
      const row = unexpired(await table.get(key), now());
      const member = row && memberOf(row);
      return member && (member.leaseUntilMs ?? Infinity) > now() ? member : undefined;
    },

    async put(roomId, member, current) {
      const { table, key } = placeOf(roomId, member.session);
      const { update, names, values } = placement(member);
      const isOver = (isVoid: string) => `${isFree} OR (${isOurs} AND ${isEarlier(member)} AND ${isVoid})`;
      const put = await table.update(
        key,
        current === undefined
          ? { update, names, values, condition: isOver("generation <= :generation") }
          : {
              update: `${update}, hasAcked`,
              names,
              values: { ...values, ":current": current, ":now": seconds(now()), ":nowMs": now() },
              condition: isOver(`(generation < :current OR ${isExpired} OR leaseUntilMs <= :nowMs)`),
            },
      );
      return put === "refused" ? "superseded" : "done";
    },

    async move(roomId, member) {
      const { table, key } = placeOf(roomId, member.session);
      const condition = `${isOurs} AND generation = :generation AND ${isEarlier(member)}`;
      return (await table.update(key, { ...placement(member), condition })) === "refused" ? "changed" : "done";
    },

    async remove(roomId, session, connectionId, askedAtMs) {
      const { table, key } = placeOf(roomId, session);
      const isAskedBefore = "(attribute_not_exists(askedAtMs) OR askedAtMs <= :askedAtMs)";
      const given =
        askedAtMs === undefined
          ? { condition: isThisConnection, values: { ":connectionId": connectionId } }
          : {
              condition: `${isThisConnection} AND ${isAskedBefore}`,
              values: { ":connectionId": connectionId, ":askedAtMs": askedAtMs },
            };
      return removed(await table.remove(key, given));
    },

    async evict(roomId, session, generation) {
      const { table, key } = placeOf(roomId, session);
      return removed(
        await table.remove(key, { condition: "generation < :generation", values: { ":generation": generation } }),
      );
    },

    async ack(roomId, session, connectionId, { epoch, seq }) {
      const { table, key } = placeOf(roomId, session);
      const isForward = "#cursor.epoch = :epoch AND #cursor.seq < :seq";
      const before = await table.update(key, {
        // What is behind the new cursor was not sent again yet.
        update: "SET #cursor.seq = :seq, hasAcked = :true REMOVE tries, triedAtMs, givenUpSeq",
        condition: `${isThisConnection} AND ${isForward}`,
        names: { "#cursor": "cursor" },
        values: { ":connectionId": connectionId, ":epoch": epoch, ":seq": seq, ":true": true },
        returns: "ALL_OLD",
      });
      return before === "refused" ? "refused" : (before.cursor as Position).seq;
    },

    async setCursor(roomId, session, connectionId, cursor, beganSeq) {
      const { table, key } = placeOf(roomId, session);
      const [fields, gone, values] =
        beganSeq === undefined
          ? ["hasAcked = :true", "", { ":true": true }]
          : ["beganSeq = :beganSeq", ", hasAcked", { ":beganSeq": beganSeq }];
      await table.update(key, {
        update: `SET #cursor = :cursor, ${fields} REMOVE tries, triedAtMs, givenUpSeq${gone}`,
        condition: isThisConnection,
        names: { "#cursor": "cursor" },
        values: { ":connectionId": connectionId, ":cursor": cursor, ...values },
      });
    },

    async noteTry(roomId, { session, connectionId, cursor, tries, triedAtMs, givenUpSeq }) {
      const { table, key } = placeOf(roomId, session);
      await table.update(key, {
        update: "SET tries = :tries, triedAtMs = :triedAtMs, givenUpSeq = :givenUpSeq",
        condition: `${isThisConnection} AND #cursor.epoch = :epoch AND #cursor.seq = :seq`,
        names: { "#cursor": "cursor" },
        values: {
          ":connectionId": connectionId,
          ":epoch": cursor?.epoch,
          ":seq": cursor?.seq,
          ":tries": tries,
          ":triedAtMs": triedAtMs,
          ":givenUpSeq": givenUpSeq,
        },
      });
    },

    async first(roomId, most, whom) {
      const { table, ...query } = queryOf(roomId, undefined, whom);
      // One more: a page that is full names a last key, whether there is a next one or not.
      const { rows, last } = await table.page({ ...query, limit: most + 1 });
      const members = rows.map(memberOf);
      if (!last) return { members, share: 1 };
      return roomId === everyone ? { members } : { members, share: shareUpTo(last.item as string) };
    },

    async *pages(roomId, part, after, whom) {
      const { table, ...query } = queryOf(roomId, part, whom);
      const from = after === undefined ? {} : { after: placeOf(roomId, after).key };
      // A part is posted to at a pace: what was read long before its turn would be out of date.
      const size = part === undefined ? {} : { limit: rowsPerPage };
      for await (const rows of table.pages({ ...query, ...from, ...size })) yield rows.map(memberOf);
    },
  };
};

const tryFields = ["tries", "triedAtMs", "givenUpSeq"];

/** The update that writes a place; of one that was there before, what was sent again counts no more. */
function placement(member: NewMember) {
  const { connectionId, connectedAtMs, askedAtMs, subject, generation, holds, cursor, leaseUntilMs } = member;
  const optional = { cursor, beganSeq: member.beganSeq ?? cursor?.seq, leaseUntilMs };
  const { set, names, values } = assignmentOf({
    connectionId,
    connectedAtMs,
    subject,
    generation,
    expiresAt: leaseUntilMs === undefined ? connectionExpiry(connectedAtMs) : leaseExpiry(leaseUntilMs),
    // A login that looks at nobody leaves a claim of the same session as it is.
    holds: holds || undefined,
    // Without one it stays that of the login before.
    askedAtMs,
    ...optional,
  });
  const absent = Object.entries(optional).filter(([, value]) => value === undefined);
  const gone = [...tryFields, ...absent.map(([name]) => name)];
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
    holds: row.holds === true,
    ...(row.cursor === undefined ? {} : { cursor: row.cursor as Position }),
    ...(row.beganSeq === undefined ? {} : { beganSeq: row.beganSeq as number }),
    hasAcked: row.hasAcked === true,
    acks: row.cursor !== undefined || row.acks === true,
    tries: (row.tries as number | undefined) ?? 0,
    triedAtMs: (row.triedAtMs as number | undefined) ?? 0,
    givenUpSeq: (row.givenUpSeq as number | undefined) ?? 0,
    ...(row.leaseUntilMs === undefined ? {} : { leaseUntilMs: row.leaseUntilMs as number }),
    ...(row.askedAtMs === undefined ? {} : { askedAtMs: row.askedAtMs as number }),
  };
}
