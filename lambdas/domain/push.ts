import { limits } from "../../protocol/limits.ts";
import type { PushRefusal } from "../../protocol/push.ts";
import { appendTo, type Draft } from "./append.ts";
import { deliver, noOutcomes } from "./deliver.ts";
import { expectAcks } from "./expect-acks.ts";
import { messageText, textBytes } from "./frame-text.ts";
import type { Deps, Member, PushRecord } from "./ports.ts";

/** One message on its way to some rooms. */
export interface Shipment {
  /** In the words of the tables: `456`, `@user/ann` or `@all`. */
  rooms: string[];
  eventName: string;
  rawData: string;
  qos: 0 | 1;
  /** Nobody wants it later than so long after now. */
  ttlMs?: number;
  /** Given by the sender: the same one within a day is the same message. */
  messageId?: string;
  from?: string;
  conversation?: string;
  receiptTo?: string;
}
export interface Shipped {
  messageId: string;
  records: PushRecord[];
}

/** @returns the message's id, the same in all rooms, or why it was not accepted; then nothing was written */
export async function push(deps: Deps, shipment: Shipment): Promise<Shipped | PushRefusal> {
  const { rooms, eventName, rawData, qos, ttlMs, from, conversation, receiptTo } = shipment;
  const { messageId = deps.newId() } = shipment;
  const atMs = deps.now();
  const untilMs = ttlMs === undefined ? undefined : atMs + ttlMs;
  const draft: Draft = { eventName, rawData, messageId, atMs, untilMs, from, conversation, receiptTo };
  for (const roomId of rooms) {
    const bytes = textBytes(messageText({ ...draft, ...longestPosition, roomId }));
    if (bytes > limits.postBytes) {
      const msg = `the message has ${bytes} bytes as a frame, allowed are ${limits.postBytes}; send a link instead`;
      return { code: "tooLarge", msg };
    }
  }
  const onceId = shipment.messageId;
  const ship = qos === 0 ? shipUnlogged : shipLogged;
  const shipped = await Promise.allSettled(rooms.map((roomId) => ship(deps, roomId, draft, onceId)));
  const records = shipped.map((room) => {
    // Not before the other rooms have theirs: a Lambda that has answered is frozen.
    if (room.status === "rejected") throw room.reason;
    return room.value;
  });
  // One that may come twice was entered before it was shipped, this one only for those who ask what became of it.
  if (onceId === undefined && qos === 1) {
    await Promise.all(records.map((record) => deps.pushes.finish(messageId, record)));
  }
  return { messageId, records };
}

/** The place in the log that takes the most characters. */
const longestPosition = { epoch: "0".repeat(12), seq: Number.MAX_SAFE_INTEGER };

async function shipLogged(deps: Deps, roomId: string, draft: Draft, onceId: string | undefined): Promise<PushRecord> {
  let reading: Reading = { first: [], pages: nobody() };
  const { message, room, isDone } = await appendTo(deps, roomId, draft, onceId, async (message) => {
    // Log before deliver: a crash in between can be made good, the other order would lose. The members are read after
    // the number was taken, so that whoever was told an older one is among them.
    const [written, started] = await Promise.all([deps.log.append(message), startReading(deps.members.pages(roomId))]);
    reading = started;
    return written;
  });
  const record = { roomId, epoch: message.epoch, seq: message.seq, atMs: message.atMs, done: true };
  if (isDone) return { ...record, outcomes: noOutcomes() };
  const [delivered, expected] = await Promise.allSettled([
    deliver(deps, room, reading.pages, messageText(message), message.seq),
    expectAcks(deps, room, reading.first),
  ]);
  if (expected.status === "rejected") throw expected.reason;
  if (delivered.status === "rejected") {
    // It is kept, and a look at it is ordered: were the push refused, one that is sent again would be a second message.
    deps.noteTrouble("delivery", delivered.reason);
    return { ...record, done: false };
  }
  const outcomes = delivered.value;
  const finished = { ...record, outcomes };
  if (onceId !== undefined) await deps.pushes.finish(onceId, finished);
  return finished;
}

async function shipUnlogged(deps: Deps, roomId: string, draft: Draft, onceId: string | undefined): Promise<PushRecord> {
  const record: PushRecord = { roomId, atMs: draft.atMs, done: true };
  if (onceId !== undefined && (await deps.pushes.begin(onceId, record))) return record;
  const [room, { pages }] = await Promise.all([deps.rooms.get(roomId), startReading(deps.members.pages(roomId))]);
  const outcomes = await deliver(deps, room ?? { roomId, generation: 0 }, pages, messageText({ ...draft, roomId }));
  return { ...record, outcomes };
}

interface Reading {
  /** The first page, whole. */
  first: Member[];
  /** All pages, the first one too. */
  pages: AsyncIterable<Member[]>;
}

/** Asks for the first page at once instead of when it is wanted. */
async function startReading(pages: AsyncIterable<Member[]>): Promise<Reading> {
  const iterator = pages[Symbol.asyncIterator]();
  const first = await iterator.next();
  const all = async function* () {
    for (let next = first; !next.done; next = await iterator.next()) yield next.value;
  };
  return { first: first.done ? [] : first.value, pages: all() };
}

async function* nobody(): AsyncGenerator<Member[]> {}
