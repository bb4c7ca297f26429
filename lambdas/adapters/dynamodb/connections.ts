import { limits } from "../../../protocol/limits.ts";
import type { Connection, Connections, Grants } from "../../domain/model/connection.ts";
import type { Member } from "../../domain/model/member.ts";
import { resumePointOf } from "../../domain/model/resume-point.ts";
import { connectionExpiry, unexpired } from "./expiry.ts";
import type { Table } from "./table.ts";

const isKnown = "attribute_exists(connectionId)";

/** The connections as rows of a DynamoDB table. */
export const connectionsIn = (table: Table, now: () => number): Connections => ({
  async put({ connectionId, connectedAtMs, subject, grants, tokenExpiresAtMs }) {
    const row = { connectionId, connectedAtMs, subject, grants, tokenExpiresAtMs };
    await table.put({ ...row, expiresAt: connectionExpiry(connectedAtMs) });
  },

  async get(connectionId) {
    return connectionOf(await table.get({ connectionId }), now());
  },

  async identify(connectionId, { session, newSession, probe, acks }) {
    const mayIdentify = "(attribute_not_exists(rooms) OR #session = :session)";
    const sameSession = "(attribute_not_exists(#session) OR #session = :session)";
    // A client whose first hello was lost on its way back does not know its session: it is told again.
    const isFree =
      session === undefined
        ? "(attribute_exists(#session) OR attribute_not_exists(rooms))"
        : `${mayIdentify} AND ${sameSession}`;
    const updated = await table.update(
      { connectionId },
      {
        update: `SET #session = ${session === undefined ? "if_not_exists(#session, :session)" : ":session"}, probe = :probe, acks = :acks`,
        condition: `${isKnown} AND ${isFree}`,
        names: { "#session": "session" },
        values: { ":session": session ?? newSession, ":probe": probe, ":acks": acks },
        returns: "ALL_NEW",
      },
    );
    if (updated !== "refused") return connectionOf(updated, now()) ?? "gone";
    return (await table.get({ connectionId })) ? "refused" : "gone";
  },

  async addRoom(connectionId, roomId) {
    const hasRoom = "(attribute_not_exists(rooms) OR size(rooms) < :most OR contains(rooms, :roomId))";
    const added = await table.update(
      { connectionId },
      {
        update: "ADD rooms :rooms",
        condition: `${isKnown} AND ${hasRoom}`,
        values: { ":rooms": new Set([roomId]), ":roomId": roomId, ":most": limits.roomsPerConnection },
      },
    );
    if (added !== "refused") return "done";
    return (await table.get({ connectionId })) ? "full" : "gone";
  },

  async removeRoom(connectionId, roomId) {
    const values = { ":rooms": new Set([roomId]) };
    await table.update({ connectionId }, { update: "DELETE rooms :rooms", condition: isKnown, values });
  },

  async recordAnswer(connectionId, nonce) {
    const values = { ":nonce": nonce };
    await table.update({ connectionId }, { update: "SET answeredNonce = :nonce", condition: isKnown, values });
  },

  async remove(connectionId) {
    const row = await table.remove({ connectionId });
    // Also one past its time: the places it held still have to be given back.
    const connection = row === "refused" ? undefined : connectionOf(row, 0);
    if (!connection) return undefined;
    const { subject, session } = connection;
    const resumePoint = resumePointOf(row as Partial<Member>);
    return { subject, session, rooms: roomsOf(row), ...(resumePoint && { resumePoint }) };
  },
});

/** The row as the domain's connection, unless its time is over. */
function connectionOf(found: Record<string, unknown> | undefined, nowMs: number): Connection | undefined {
  const row = unexpired(found, nowMs);
  if (!row) return undefined;
  const connectionId = row.connectionId as string;
  return {
    connectionId,
    connectedAtMs: row.connectedAtMs as number,
    subject: row.subject as string,
    grants: row.grants as Grants,
    tokenExpiresAtMs: row.tokenExpiresAtMs as number,
    session: (row.session as string | undefined) ?? connectionId,
    probe: row.probe === true,
    acks: row.acks === true,
    ...(row.answeredNonce === undefined ? {} : { answeredNonce: row.answeredNonce as string }),
  };
}

const roomsOf = (row: unknown) => [...(((row as Record<string, unknown>).rooms as Set<string> | undefined) ?? [])];
