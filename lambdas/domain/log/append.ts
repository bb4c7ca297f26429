import type { Deps } from "../model/deps.ts";
import type { Message, SentMessage } from "../model/message.ts";
import type { PushRecord } from "../model/push-record.ts";
import type { Room } from "../model/room.ts";
import type { Idempotency } from "./idempotency.ts";

/** A message before it has a room and a number. */
export type Draft = Omit<SentMessage, "epoch" | "seq" | "roomId">;
type AppendDeps = Pick<Deps, "rooms" | "log" | "pushes">;

const attempts = 10;

/** A message with its number. `isDone`: an earlier push with the same id has delivered it. */
export interface Appended {
  message: Message;
  /** The room as it was when the message took its number. */
  room: Room;
  isDone: boolean;
}

/**
 * Gives the message a number in the room's log and calls `write`, which reads the members while it writes the message. If
 * the number has become a tombstone in the meantime, the message takes a new one.
 *
 * @param idempotency of a push that may be repeated
 * @param write writes the message to the log; called again with each new number
 * @returns `conflict` if the id stands for another message; the number is a tombstone then
 * @throws Error if each of ten numbers became a tombstone before its message was written
 */
export async function appendTo(
  { rooms, log, pushes }: AppendDeps,
  roomId: string,
  draft: Draft,
  idempotency: Idempotency | undefined,
  write: (message: Message) => Promise<"done" | "exists" | "superseded">,
): Promise<Appended | "conflict"> {
  let superseded: number | undefined;
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const room = await rooms.nextSeq(roomId);
    const mine: PushRecord = { roomId, epoch: room.epoch, seq: room.seq, atMs: draft.atMs, done: false };
    if (idempotency && superseded !== undefined)
      await pushes.renumber(idempotency.messageId, idempotency.recordOf(mine), superseded);
    const registered = idempotency ? await idempotency.register(mine) : { record: mine };
    const putTombstone = () => log.putTombstone(roomId, { epoch: room.epoch, seq: room.seq, atMs: draft.atMs });
    if (registered === "conflict") {
      await putTombstone();
      return "conflict";
    }
    const { epoch = room.epoch, seq = room.seq, atMs, done: isDone } = registered.record;
    // An earlier push with this id has registered it. Whether that push still runs or died, the message keeps its number.
    if (seq !== room.seq) await putTombstone();
    const message: Message = { ...draft, roomId, epoch, seq, atMs };
    if ((await write(message)) !== "superseded") return { message, room, isDone };
    superseded = seq;
  }
  throw new Error(`every number of the room's log was superseded in ${attempts} attempts`);
}
