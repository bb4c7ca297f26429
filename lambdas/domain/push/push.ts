import { inlineBytes, limits } from "../../../protocol/limits.ts";
import type { PushRefusal } from "../../../protocol/push.ts";
import { onePage } from "../concurrency/pages.ts";
import { deliver } from "../delivery/deliver.ts";
import { enqueueParts, retryDelayMs, retryTasks } from "../fan-out/enqueue.ts";
import { fanOutMs } from "../fan-out/plan.ts";
import { appendTo, type Draft } from "../log/append.ts";
import { Idempotency } from "../log/idempotency.ts";
import type { Deps } from "../model/deps.ts";
import { noOutcomes } from "../model/outcomes.ts";
import type { OutgoingMessage } from "../model/outgoing-message.ts";
import type { PushRecord } from "../model/push-record.ts";
import type { Room } from "../model/room.ts";
import { ackWithinMs, inlineMembers, roomSizeOf } from "../model/room-size.ts";
import { ensureAckCheck } from "../schedule/ack-check.ts";
import { outgoingMessageOf } from "../wire/outgoing-message.ts";
import { serializeMessage, utf8Bytes } from "../wire/serialize.ts";

/** One message on its way to some rooms. */
export interface PushRequest {
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
  /** Subjects that do not get it. */
  exclude?: string[];
}
export interface Accepted {
  messageId: string;
  records: PushRecord[];
}

/** @returns the message's id, the same in all rooms, or why it was not accepted; then nothing was written */
export async function push(deps: Deps, request: PushRequest): Promise<Accepted | PushRefusal> {
  const { rooms, eventName, rawData, qos, ttlMs, from, conversation, receiptTo, exclude } = request;
  const { messageId = deps.newId() } = request;
  const atMs = deps.now();
  const ttlEndsAtMs = ttlMs === undefined ? undefined : atMs + ttlMs;
  const head = { eventName, messageId, atMs, ttlEndsAtMs, from, conversation, receiptTo, exclude };
  const content = await contentOf(deps, rooms, head, rawData);
  if ("code" in content) return content;
  const draft: Draft = { ...head, ...content };
  const idempotency =
    request.messageId === undefined ? undefined : new Idempotency(deps.pushes, request.messageId, request);
  const pushToRoom = qos === 0 ? pushUnlogged : pushLogged;
  const accepted = await Promise.allSettled(
    rooms.map((roomId) => pushToRoom(deps, roomId, draft, idempotency).finally(() => idempotency?.release(roomId))),
  );
  const records: PushRecord[] = [];
  for (const room of accepted) {
    // Not before the other rooms have theirs: a Lambda that has answered is frozen.
    if (room.status === "rejected") throw room.reason;
    if (room.value === "conflict")
      return { code: "messageIdUsed", msg: `messageId ${messageId} was used for another message` };
    records.push(room.value);
  }
  // One that may come twice was entered before it was shipped, this one only for those who ask what became of it.
  if (!idempotency && qos === 1) {
    await Promise.all(records.map((record) => deps.pushes.finish(messageId, record)));
  }
  return { messageId, records };
}

/** What is added to a message that takes the most characters. */
const maxPosition = { epoch: "0".repeat(12), seq: Number.MAX_SAFE_INTEGER };
const maxAckMs = 99_999_999;

/**
 * The data as frames carry it, or where it is kept from now on: before any log knows of it, so that no crash leaves a
 * message without its data. In all rooms it is the same.
 */
async function contentOf(
  deps: Deps,
  rooms: readonly string[],
  head: Omit<Draft, "rawData" | "payload">,
  rawData: string,
): Promise<Pick<Draft, "rawData" | "payload"> | PushRefusal> {
  const bytes = utf8Bytes(rawData);
  const fits = (roomId: string) =>
    utf8Bytes(serializeMessage(deps, { ...head, ...maxPosition, rawData, roomId }, maxAckMs)) <= inlineBytes;
  // The first comparison spares a hundred rooms a hundred frames of 5 MB.
  if (bytes <= inlineBytes && rooms.every(fits)) return { rawData };
  if (bytes <= limits.payloadBytes) return { payload: await deps.payloads.put(rawData) };
  return {
    code: "tooLarge",
    msg: `data has ${bytes} bytes, allowed are ${limits.payloadBytes}; send a link instead`,
  };
}

async function pushLogged(
  deps: Deps,
  roomId: string,
  draft: Draft,
  idempotency: Idempotency | undefined,
): Promise<PushRecord | "conflict"> {
  let first: First = { members: [], share: 1 };
  const appended = await appendTo(deps, roomId, draft, idempotency, async (message) => {
    // Log before deliver: a crash in between can be made good, the other order would lose. The members are read after
    // the number was taken, so that whoever was told an older one is among them.
    const [written, read] = await Promise.all([deps.log.append(message), deps.members.first(roomId, inlineMembers)]);
    first = read;
    return written;
  });
  if (appended === "conflict") return "conflict";
  const { message, room, isDone } = appended;
  const { epoch, seq, atMs, exclude, from } = message;
  const plain = {
    roomId,
    epoch,
    seq,
    atMs,
    done: false,
    ...(exclude && { exclude }),
    ...(from !== undefined && { from }),
  };
  const record = idempotency?.recordOf(plain) ?? plain;
  if (isDone) return { ...record, done: true, outcomes: noOutcomes() };
  const roomSize = roomSizeOf(first);
  const ackMs = ackWithinMs(roomId, roomSize);
  const underWayMs = (first.share === 1 ? 0 : fanOutMs(roomSize, deps.fanOut)) + (ackMs ?? 0);
  const [delivered, expected] = await Promise.allSettled([
    deliverOrEnqueue(deps, room, outgoingMessageOf(deps, message, ackMs), first, record),
    ensureAckCheck(deps, room, first.members, underWayMs),
  ]);
  if (expected.status === "rejected") throw expected.reason;
  if (delivered.status === "rejected") {
    // Of a large room nobody was posted to, and whoever does not ack never would be.
    if (first.share !== 1) throw delivered.reason;
    // It is kept, and a look at it is ordered: were the push refused, one that is sent again would be a second message.
    deps.logError("delivery", delivered.reason);
    return record;
  }
  const finished = delivered.value;
  if (idempotency) await deps.pushes.finish(idempotency.messageId, finished);
  return finished;
}

async function pushUnlogged(
  deps: Deps,
  roomId: string,
  draft: Draft,
  idempotency: Idempotency | undefined,
): Promise<PushRecord | "conflict"> {
  const plain: PushRecord = { roomId, atMs: draft.atMs, done: true };
  const registered = await idempotency?.register(plain);
  if (registered === "conflict") return "conflict";
  if (registered && !registered.isFirst) return registered.record;
  const [room, first] = await Promise.all([deps.rooms.get(roomId), deps.members.first(roomId, inlineMembers)]);
  const record = registered?.record ?? plain;
  return deliverOrEnqueue(
    deps,
    room ?? { roomId, generation: 0 },
    outgoingMessageOf(deps, { ...draft, roomId }),
    first,
    record,
  );
}

type First = Awaited<ReturnType<Deps["members"]["first"]>>;

/** Posts the message to a small room at once, or has the fan-out post it to a large one. */
async function deliverOrEnqueue(
  deps: Deps,
  room: Pick<Room, "roomId" | "generation">,
  outgoing: OutgoingMessage,
  first: First,
  record: PushRecord,
): Promise<PushRecord> {
  if (first.share !== 1)
    return { ...record, done: true, parts: await enqueueParts(deps, outgoing, roomSizeOf(first), record) };
  const { outcomes, retries } = await deliver(deps, room, onePage(first.members), outgoing);
  const tasks = retryTasks(deps, outgoing, retries, 1);
  await deps.enqueueTasks(tasks, retryDelayMs(1));
  return { ...record, done: true, outcomes, ...(tasks.length > 0 && { retryTaskCount: tasks.length }) };
}
