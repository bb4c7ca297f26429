import type { Holder, Room, Rooms } from "../../domain/model/room.ts";
import { roomExpiry, roomRenewal } from "./expiry.ts";
import { roomKey } from "./keys.ts";
import type { Table } from "./table.ts";

/** The rooms' counters as rows of a DynamoDB table. */
export function roomsIn(table: Table, now: () => number, newEpoch: () => string): Rooms {
  const names = { "#holder": "holder" };
  /** Writes that create the room where there is none. */
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
      // Everyone's row is one item: it takes three times as many reads as writes a second, and all come to it.
      const row = await table.get(roomKey(roomId));
      return row && (row.expiresAt as number) >= roomRenewal(now()) ? roomOf(roomId, row) : open(roomId);
    },

    async get(roomId) {
      const row = await table.get(roomKey(roomId));
      return row && roomOf(roomId, row);
    },

    async countEntry(roomId) {
      const { set, values } = opening();
      const update = `SET ${set} ADD entries :one`;
      const row = await table.update(roomKey(roomId), { update, values: { ...values, ":one": 1 }, returns: "ALL_NEW" });
      return roomOf(roomId, row);
    },

    async claim(seen, holder, generation) {
      const sameGeneration =
        seen.generation === 0 ? "(attribute_not_exists(generation) OR generation = :seen)" : "generation = :seen";
      const sameEntries = seen.entries === 0 ? "attribute_not_exists(entries)" : "entries = :entries";
      const sameHolder = seen.holder
        ? "#holder.connectionId = :connectionId AND #holder.untilMs = :untilMs"
        : "attribute_not_exists(#holder)";
      const { set, values } = opening();
      const claimed = await table.update(roomKey(seen.roomId), {
        returns: "ALL_NEW",
        update: `SET ${set}, generation = :generation, #holder = :holder`,
        condition: `${sameGeneration} AND ${sameEntries} AND ${sameHolder}`,
        names,
        values: {
          ...values,
          ":generation": generation,
          ":seen": seen.generation,
          ":holder": holder,
          ...(seen.entries > 0 && { ":entries": seen.entries }),
          ...(seen.holder && { ":connectionId": seen.holder.connectionId, ":untilMs": seen.holder.untilMs }),
        },
      });
      return claimed === "refused" ? "changed" : roomOf(seen.roomId, claimed);
    },

    async takeOver(roomId, holder) {
      const { set, values } = opening();
      const old = await table.update(roomKey(roomId), {
        update: `SET ${set}, #holder = :holder ADD generation :one`,
        names,
        values: { ...values, ":holder": holder, ":one": 1 },
        returns: "ALL_OLD",
      });
      const fresh = { epoch: values[":epoch"], openedAtMs: values[":now"] };
      const before = roomOf(roomId, { ...fresh, ...(old === "refused" ? {} : old) });
      return { ...before, generation: before.generation + 1 };
    },

    async moveHolder(roomId, from, to) {
      await table.update(roomKey(roomId), {
        update: "SET #holder.connectionId = :to",
        condition: "#holder.connectionId = :from",
        names,
        values: { ":from": from, ":to": to },
      });
    },

    async release(roomId, connectionId) {
      await table.update(roomKey(roomId), {
        update: "REMOVE #holder",
        condition: "#holder.connectionId = :connectionId",
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

    async noteLook(roomId, atMs) {
      await table.update(roomKey(roomId), { update: "SET lookAtMs = :atMs", values: { ":atMs": atMs } });
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
    entries: (row.entries as number | undefined) ?? 0,
    openedAtMs: (row.openedAtMs as number | undefined) ?? 0,
    lastAtMs: (row.lastAtMs as number | undefined) ?? 0,
    lookAtMs: (row.lookAtMs as number | undefined) ?? 0,
    ...(row.holder === undefined ? {} : { holder: row.holder as Holder }),
  };
}
