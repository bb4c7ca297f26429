import { everyone, isReservedRoom } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { PushRefusal, PushRequest } from "../../protocol/push.ts";
import { deliver, type Recipient } from "./deliver.ts";
import type { Message, PushDeps } from "./ports.ts";

/** @returns the accepted message's id, the same in all rooms, or why it was not accepted; then nothing was written. */
export async function push(
  deps: PushDeps,
  { rooms, eventName, rawData }: PushRequest,
): Promise<{ messageId: string } | PushRefusal> {
  const base = { eventName, rawData, messageId: deps.newId(), atMs: deps.now() };
  for (const roomId of rooms) {
    const bytes = new TextEncoder().encode(messageText({ ...base, roomId, ...longestPosition })).length;
    if (bytes > limits.postBytes) {
      const msg = `the message has ${bytes} bytes as a frame, allowed are ${limits.postBytes}; send a link instead`;
      return { code: "tooLarge", msg };
    }
  }
  const pushed = await Promise.allSettled(rooms.map((roomId) => pushToRoom(deps, roomId, base)));
  // Not before the other rooms have theirs: a Lambda that has answered is frozen.
  for (const room of pushed) if (room.status === "rejected") throw room.reason;
  return { messageId: base.messageId };
}

/** The place in the log that takes the most characters. */
const longestPosition = { epoch: "0".repeat(12), seq: Number.MAX_SAFE_INTEGER };

async function pushToRoom(
  deps: PushDeps,
  roomId: string,
  base: Pick<Message, "eventName" | "rawData" | "messageId" | "atMs">,
): Promise<void> {
  const room = await deps.rooms.nextSeq(roomId);
  const message: Message = { ...base, roomId, epoch: room.epoch, seq: room.seq };
  // Log before deliver: a crash in between can be made good, the other order would lose. The members are read after
  // `seq` was taken, so that whoever was told an older one is among them.
  const recipients = roomId === everyone ? deps.connections.pages() : deps.members.pages(roomId);
  const [first] = await Promise.all([startReading<Recipient[]>(recipients), deps.log.append(message)]);
  await deliver(deps, room, first, messageText(message));
}

/** Asks for the first page at once instead of when it is wanted. */
async function startReading<T>(pages: AsyncIterable<T>): Promise<AsyncIterable<T>> {
  const iterator = pages[Symbol.asyncIterator]();
  const first = await iterator.next();
  return (async function* () {
    for (let next = first; !next.done; next = await iterator.next()) yield next.value;
  })();
}

/** The frame as text: `rawData` goes in as it came, neither parsed nor printed anew. */
export function messageText({ roomId, eventName, rawData, epoch, seq, messageId, atMs }: Message): string {
  const target = roomId === everyone ? {} : { roomId: isReservedRoom(roomId) ? "@user" : roomId };
  const tail = JSON.stringify({ ...target, epoch, seq, messageId, at: atMs, qos: 1 });
  return `{"type":"message","eventName":${JSON.stringify(eventName)},"data":${rawData},${tail.slice(1)}`;
}
