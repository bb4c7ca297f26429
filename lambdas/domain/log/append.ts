import type { Deps } from "../model/deps.ts";
import type { Message, SentMessage } from "../model/message.ts";
import type { PushRecord } from "../model/push-record.ts";
import type { Room } from "../model/room.ts";
import type { Idempotency } from "./idempotency.ts";

/** A message that has no number yet. `once`: it may come twice and shall be one message. */
export type Draft = Omit<SentMessage, "epoch" | "seq" | "roomId">;
type AppendDeps = Pick<Deps, "rooms" | "log" | "pushes">;

const attempts = 10;

/** Where the message stands in its room's log, and whether it was delivered by an earlier push of the same id. */
export interface Appended {
  message: Message;
  /** As it was when the message took its number. */
  room: Room;
  isDone: boolean;
}

/**
 * Gives the message a number in the room's log and calls `write`, which reads the members and keeps the message side
 * by side. A number that was given up meanwhile is replaced by a new one.
 *
 * @param once the push, if it may come twice
 * @param write keeps the message; runs again with a new number
 * @returns `used`: its id was another message's; then nothing was kept
 */
export async function appendTo(
  { rooms, log, pushes }: AppendDeps,
  roomId: string,
  draft: Draft,
  idempotency: Idempotency | undefined,
  write: (message: Message) => Promise<"done" | "exists" | "superseded">,
): Promise<Appended | "conflict"> {
  let voided: number | undefined;
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const room = await rooms.nextSeq(roomId);
    const mine: PushRecord = { roomId, epoch: room.epoch, seq: room.seq, atMs: draft.atMs, done: false };
    if (idempotency && voided !== undefined)
      await pushes.renumber(idempotency.messageId, idempotency.recordOf(mine), voided);
    const registered = idempotency ? await idempotency.register(mine) : { record: mine };
    const putTombstone = () => log.putTombstone(roomId, { epoch: room.epoch, seq: room.seq, atMs: draft.atMs });
    if (registered === "conflict") {
      await putTombstone();
      return "conflict";
    }
    const { epoch = room.epoch, seq = room.seq, atMs, done: isDone } = registered.record;
    // Somebody entered it before: whether that one lives or died on the way, the message keeps its number.
    if (seq !== room.seq) await putTombstone();
    const message: Message = { ...draft, roomId, epoch, seq, atMs };
    if ((await write(message)) !== "superseded") return { message, room, isDone };
    voided = seq;
  }
  throw new Error(`no number of the room's log could be kept in ${attempts} tries`);
}
