import { inlineBytes, limits } from "../../../protocol/limits.ts";
import type { PushRefusal, PushRequest } from "../../../protocol/push.ts";
import { deliver } from "../delivery/deliver.ts";
import { enqueueParts, retryDelayMs, retryTasks } from "../fan-out/enqueue.ts";
import { fanOutMs } from "../fan-out/plan.ts";
import { type Appended, appendTo, type Draft } from "../log/append.ts";
import { Idempotency } from "../log/idempotency.ts";
import type { Deps } from "../model/deps.ts";
import type { Message } from "../model/message.ts";
import { noOutcomes } from "../model/outcomes.ts";
import type { OutgoingMessage } from "../model/outgoing-message.ts";
import type { PushRecord } from "../model/push-record.ts";
import type { Room } from "../model/room.ts";
import { ackWithinMs, inlineMembers, roomSizeOf } from "../model/room-size.ts";
import { ensureAckCheck } from "../schedule/ack-check.ts";
import { outgoingMessageOf } from "../wire/outgoing-message.ts";
import { serializeMessage, utf8Bytes } from "../wire/serialize.ts";

/** An accepted push: its id, the same in all rooms, and the record of each room. */
export interface Accepted {
  messageId: string;
  records: PushRecord[];
}

/**
 * Pushes one message to one or several rooms, in parallel. In each room it takes a number, is written to the log, and is
 * then delivered while its ack check is scheduled. At `qos` 0 it is only delivered.
 *
 * @returns a refusal if the message is too large, or its id stands for another one; no log has the message then
 * @throws Error if a room could not accept it; other rooms may have
 */
export async function push(deps: Deps, request: PushRequest): Promise<Accepted | PushRefusal> {
  const { rooms, rawData, messageId = deps.newId(), qos, ttlMs, ...options } = request;
  const atMs = deps.now();
  const head = { ...options, messageId, atMs, ttlEndsAtMs: ttlMs === undefined ? undefined : atMs + ttlMs };
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
    // Only after the other rooms have ended: a Lambda that has answered is frozen.
    if (room.status === "rejected") throw room.reason;
    if (room.value === "conflict")
      return { code: "messageIdUsed", msg: `messageId ${messageId} was used for another message` };
    records.push(room.value);
  }
  // With an idempotency key the record was registered before the delivery; without one it only serves the push status.
  if (!idempotency && qos === 1) {
    await Promise.all(records.map((record) => deps.pushes.finish(messageId, record)));
  }
  return { messageId, records };
}

/** The position and `ackWithinMs` are not known before the message has its number; these take the most characters. */
const maxPosition = { epoch: "0".repeat(12), seq: Number.MAX_SAFE_INTEGER };
const maxAckMs = 99_999_999;

/**
 * The data for the frame, or their stored payload if they do not fit into the frame of each room. The payload is stored
 * before any log refers to it, so that no crash leaves a message without its data.
 */
async function contentOf(
  deps: Deps,
  rooms: readonly string[],
  head: Omit<Draft, "rawData" | "payload">,
  rawData: string,
): Promise<Pick<Draft, "rawData" | "payload"> | PushRefusal> {
  const bytes = utf8Bytes(rawData);
  // The data are measured once, and added to the frame without them.
  const fits = (roomId: string) => {
    const emptyFrame = serializeMessage(deps, { ...head, ...maxPosition, rawData: "", roomId }, maxAckMs);
    return utf8Bytes(emptyFrame) + bytes <= inlineBytes;
  };
  if (bytes <= inlineBytes && rooms.every(fits)) return { rawData };
  if (bytes <= limits.payloadBytes) return { payload: await deps.payloads.put(rawData) };
  return {
    code: "tooLarge",
    msg: `data has ${bytes} bytes, allowed are ${limits.payloadBytes}; send a link instead`,
  };
}

type FirstMembers = Awaited<ReturnType<Deps["members"]["first"]>>;

async function pushLogged(
  deps: Deps,
  roomId: string,
  draft: Draft,
  idempotency: Idempotency | undefined,
): Promise<PushRecord | "conflict"> {
  let first: FirstMembers = { members: [], share: 1 };
  const appended = await appendTo(deps, roomId, draft, idempotency, async (message) => {
    // Log before deliver: a crash in between can be made good, the other order would lose. The members are read after
    // the number was taken, so that a member that logged in at an older number is among them.
    const [written, read] = await Promise.all([deps.log.append(message), deps.members.first(roomId, inlineMembers)]);
    first = read;
    return written;
  });
  if (appended === "conflict") return "conflict";
  const plain = recordOf(appended.message);
  const record = idempotency?.recordOf(plain) ?? plain;
  if (appended.isDone) return { ...record, done: true, outcomes: noOutcomes() };
  const delivered = await deliverLogged(deps, appended, first, record);
  if (idempotency && delivered.done) await deps.pushes.finish(idempotency.messageId, delivered);
  return delivered;
}

/** The record of a logged message before its delivery. */
const recordOf = ({ roomId, epoch, seq, atMs, exclude, from }: Message): PushRecord => ({
  roomId,
  epoch,
  seq,
  atMs,
  done: false,
  ...(exclude && { exclude }),
  ...(from !== undefined && { from }),
});

/**
 * Delivers a logged message, and makes sure that an ack check will find it.
 *
 * @returns the record with the result; without one if the delivery to a small room failed, because the ack check delivers
 * @throws Error if the ack check could not be scheduled, or the tasks of a large room could not be enqueued
 */
async function deliverLogged(
  deps: Deps,
  { message, room }: Appended,
  first: FirstMembers,
  record: PushRecord,
): Promise<PushRecord> {
  const { roomId } = message;
  const roomSize = roomSizeOf(first);
  const ackMs = ackWithinMs(roomId, roomSize);
  const underWayMs = (first.share === 1 ? 0 : fanOutMs(roomSize, deps.fanOut)) + (ackMs ?? 0);
  const [delivered, scheduled] = await Promise.allSettled([
    deliverOrEnqueue(deps, room, outgoingMessageOf(deps, message, ackMs), first, record),
    ensureAckCheck(deps, room, first.members, underWayMs),
  ]);
  if (scheduled.status === "rejected") throw scheduled.reason;
  if (delivered.status === "rejected") {
    // No member of a large room was posted to, and the ack check does not help a member that never acks.
    if (first.share !== 1) throw delivered.reason;
    // The message is in the log and its ack check is scheduled: a sender that repeats a refused push would send a second one.
    deps.logError("delivery", delivered.reason);
    return record;
  }
  return delivered.value;
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
  const outgoing = outgoingMessageOf(deps, { ...draft, roomId });
  return deliverOrEnqueue(deps, room ?? { roomId, generation: 0 }, outgoing, first, registered?.record ?? plain);
}

/** Posts the message to a small room at once, or enqueues the fan-out tasks of a large one. */
async function deliverOrEnqueue(
  deps: Deps,
  room: Pick<Room, "roomId" | "generation">,
  outgoing: OutgoingMessage,
  first: FirstMembers,
  record: PushRecord,
): Promise<PushRecord> {
  if (first.share !== 1)
    return { ...record, done: true, parts: await enqueueParts(deps, outgoing, roomSizeOf(first), record) };
  const { outcomes, retries } = await deliver(deps, room, first.members, outgoing);
  if (retries.length === 0) return { ...record, done: true, outcomes };
  const tasks = retryTasks(deps, outgoing, retries, 1);
  await deps.enqueueTasks(tasks, retryDelayMs(1));
  return { ...record, done: true, outcomes, retryTaskCount: tasks.length };
}
