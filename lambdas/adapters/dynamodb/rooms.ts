import type { Lease, Room, Rooms } from "../../domain/model/room.ts";
import { roomExpiry, roomRenewal } from "./expiry.ts";
import { roomKey } from "./keys.ts";
import type { Table } from "./table.ts";

/** Rooms as rows of the Rooms table. */
export function roomsIn(table: Table, now: () => number, newEpoch: () => string): Rooms {
  const names = { "#lease": "lease" };
  /** The part of an update that creates the room if it does not exist, and renews it. */
  const opening = () => ({
    set: "epoch = if_not_exists(epoch, :epoch), openedAtMs = if_not_exists(openedAtMs, :now), expiresAt = :expiresAt",
    values: { ":epoch": newEpoch(), ":now": now(), ":expiresAt": roomExpiry(now()) },
  });

  async function open(roomId: string): Promise<Room> {
    const { set, values } = opening();
    return roomOf(roomId, await table.update(roomKey(roomId), { update: `SET ${set}`, values, returns: "ALL_NEW" }));
  }

  return {
    open,

    async find(roomId) {
      // A read first: one row takes three times as many reads as writes a second, and all connections read that of `@all`.
      const row = await table.get(roomKey(roomId));
      return row && (row.expiresAt as number) >= roomRenewal(now()) ? roomOf(roomId, row) : open(roomId);
    },

    async get(roomId) {
      const row = await table.get(roomKey(roomId));
      return row && roomOf(roomId, row);
    },

    async countLogin(roomId) {
      const { set, values } = opening();
      const update = `SET ${set} ADD loginCount :one`;
      const row = await table.update(roomKey(roomId), { update, values: { ...values, ":one": 1 }, returns: "ALL_NEW" });
      return roomOf(roomId, row);
    },

    async acquire(seen, lease, generation) {
      const sameGeneration =
        seen.generation === 0 ? "(attribute_not_exists(generation) OR generation = :seen)" : "generation = :seen";
      const sameLoginCount = seen.loginCount === 0 ? "attribute_not_exists(loginCount)" : "loginCount = :loginCount";
      const sameLease = seen.lease
        ? "#lease.connectionId = :connectionId AND #lease.expiresAtMs = :expiresAtMs"
        : "attribute_not_exists(#lease)";
      const { set, values } = opening();
      const acquired = await table.update(roomKey(seen.roomId), {
        returns: "ALL_NEW",
        update: `SET ${set}, generation = :generation, #lease = :lease`,
        condition: `${sameGeneration} AND ${sameLoginCount} AND ${sameLease}`,
        names,
        values: {
          ...values,
          ":generation": generation,
          ":seen": seen.generation,
          ":lease": lease,
          ...(seen.loginCount > 0 && { ":loginCount": seen.loginCount }),
          ...(seen.lease && { ":connectionId": seen.lease.connectionId, ":expiresAtMs": seen.lease.expiresAtMs }),
        },
      });
      return acquired === "refused" ? "changed" : roomOf(seen.roomId, acquired);
    },

    async takeOver(roomId, lease) {
      const { set, values } = opening();
      const old = await table.update(roomKey(roomId), {
        update: `SET ${set}, #lease = :lease ADD generation :one`,
        names,
        values: { ...values, ":lease": lease, ":one": 1 },
        returns: "ALL_OLD",
      });
      const fresh = { epoch: values[":epoch"], openedAtMs: values[":now"] };
      const previous = roomOf(roomId, { ...fresh, ...(old === "refused" ? {} : old) });
      return { ...previous, generation: previous.generation + 1 };
    },

    async moveLease(roomId, from, { connectionId, transport }) {
      await table.update(roomKey(roomId), {
        update: "SET #lease.connectionId = :connectionId, #lease.transport = :transport",
        condition: "#lease.connectionId = :from",
        names,
        values: { ":from": from, ":connectionId": connectionId, ":transport": transport },
      });
    },

    async release(roomId, connectionId) {
      await table.update(roomKey(roomId), {
        update: "REMOVE #lease",
        condition: "#lease.connectionId = :connectionId",
        names,
        values: { ":connectionId": connectionId },
      });
    },

    async nextSeq(roomId) {
      const { set, values } = opening();
      const update = `SET ${set}, lastAtMs = :now ADD lastSeq :one`;
      const row = await table.update(roomKey(roomId), {
        update,
        values: { ...values, ":one": 1 },
        returns: "ALL_NEW",
      });
      return roomOf(roomId, row);
    },

    async recordAckCheck(roomId, atMs) {
      await table.update(roomKey(roomId), { update: "SET ackCheckAtMs = :atMs", values: { ":atMs": atMs } });
    },
  };
}

function roomOf(roomId: string, row: Record<string, unknown> | "refused"): Room {
  if (row === "refused") throw new Error("an update without a condition was refused");
  return {
    roomId,
    epoch: (row.epoch as string | undefined) ?? "",
    seq: (row.lastSeq as number | undefined) ?? 0,
    generation: (row.generation as number | undefined) ?? 0,
    loginCount: (row.loginCount as number | undefined) ?? 0,
    openedAtMs: (row.openedAtMs as number | undefined) ?? 0,
    lastAtMs: (row.lastAtMs as number | undefined) ?? 0,
    ackCheckAtMs: (row.ackCheckAtMs as number | undefined) ?? 0,
    ...(row.lease === undefined ? {} : { lease: row.lease as Lease }),
  };
}
