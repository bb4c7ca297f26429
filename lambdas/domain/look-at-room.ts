import { frameCodes, frameTexts } from "../../protocol/codes.ts";
import type { MessageFrame, ServerFrame } from "../../protocol/frames.ts";
import { limits } from "../../protocol/limits.ts";
import { lookForAbsent, undeliveredOf } from "./absent-person.ts";
import { prune } from "./deliver.ts";
import { isCurrent } from "./evict.ts";
import { isPersonal } from "./expect-acks.ts";
import { frameText, messageText, RawJson, textBytes, wireRoom } from "./frame-text.ts";
import { isPoller } from "./poller.ts";
import { flatten, forEachLimited } from "./pool.ts";
import type { Deps, LogEntry, Look, Member, ReportUndelivered, Room, Undelivered } from "./ports.ts";
import { missedBytes, readWaiting } from "./read-log.ts";
import { nextStep } from "./redelivery.ts";

const membersAtOnce = 25;
/** AWS ends a chain in which a function feeds its own queue after about 16 rounds. */
const mostRounds = 14;
/** From then on pushes order looks of their own, so that this chain can end. */
const lastNotedRound = 6;

export interface LookDeps extends Deps {
  reportUndelivered: ReportUndelivered;
}

/** Looks at the cursors of a room's members and sends again what was not acked. */
export async function lookAtRoom(deps: LookDeps, { roomId, round }: Look): Promise<void> {
  const room = await deps.rooms.get(roomId);
  if (!room) return;
  const nexts: number[] = [];
  const undelivered: Undelivered[] = [];
  const tried: Member[] = [];
  let isSomebodyThere = false;
  const waiting = waitingOf(deps, room);
  await forEachLimited(flatten(deps.members.pages(roomId)), membersAtOnce, async (member) => {
    if (!member.cursor || member.cursor.epoch !== room.epoch || !isCurrent(member, room)) return;
    isSomebodyThere = true;
    if (member.cursor.seq >= room.seq || isPoller(member.connectionId)) return;
    const step = nextStep(member, await waiting(member.cursor.seq), deps.now(), deps.redeliverAfterMs);
    if (step.kind === "wait") nexts.push(step.untilMs);
    if (step.kind === "giveUp")
      undelivered.push(...step.entries.flatMap((entry) => undeliveredOf(entry, member.subject)));
    if (step.kind === "rest" || step.kind === "wait") return;
    if (step.kind === "resend") await resend(deps, room, member, step.entries);
    const tries = member.tries + 1;
    const triedAtMs = deps.now();
    tried.push({ ...member, tries, triedAtMs });
    if (step.kind === "resend") nexts.push(triedAtMs + deps.redeliverAfterMs * 2 ** tries);
  });
  if (isPersonal(roomId) && !isSomebodyThere) {
    const absent = await lookForAbsent(deps, room, round);
    undelivered.push(...absent.undelivered);
    nexts.push(...absent.nexts);
  }
  // Reported before it is noted as reported: a crash in between reports twice, the other order never.
  if (undelivered.length > 0) await deps.reportUndelivered(undelivered);
  await Promise.all(tried.map((member) => deps.members.noteTry(roomId, member)));
  await orderNext(deps, room, round, nexts);
}

/** Members who stopped at the same message wait for the same ones: read once per look. */
function waitingOf(deps: Deps, room: Room): (after: number) => Promise<LogEntry[]> {
  const read = new Map<number, Promise<LogEntry[]>>();
  return (after) => {
    const known = read.get(after) ?? readWaiting(deps, room.roomId, after, room.seq, limits.unackedMessages);
    read.set(after, known);
    return known;
  };
}

/** In frames of several messages: those of a member that is far behind cost one post, not one each. */
async function resend(deps: Deps, room: Room, member: Member, entries: readonly LogEntry[]): Promise<void> {
  for (const text of batches(room, member, entries)) {
    const outcome = await deps.gateway.post(member.connectionId, text);
    if (outcome === "gone") return prune(deps, room.roomId, member);
    if (outcome !== "sent") return;
  }
}

function batches(room: Room, member: Member, entries: readonly LogEntry[]): string[] {
  const texts = entries.flatMap(({ message }) => (message ? [messageText(message)] : []));
  const small = texts.filter((text) => textBytes(text) <= missedBytes);
  const large = texts.filter((text) => textBytes(text) > missedBytes);
  const frames: string[] = [];
  let batch: string[] = [];
  let bytes = 0;
  const close = () => {
    if (batch.length > 0) frames.push(frameText(redelivered(room, member, batch)));
    batch = [];
    bytes = 0;
  };
  for (const text of small) {
    if (bytes + textBytes(text) > missedBytes) close();
    batch.push(text);
    bytes += textBytes(text);
  }
  close();
  return [...frames, ...large];
}

/** It claims nothing about numbers that are not in it: `upTo` is where the member stands by its own word. */
function redelivered({ roomId, epoch }: Room, { cursor }: Member, texts: readonly string[]): ServerFrame {
  const missed = texts.map((text) => new RawJson(text) as unknown as MessageFrame);
  const data = { code: frameCodes.replayed, msg: frameTexts.replayed };
  const upTo = cursor?.seq ?? 0;
  return {
    type: "replayed",
    eventName: "replayResp",
    data,
    roomId: wireRoom(roomId),
    epoch,
    recovered: true,
    missed,
    upTo,
  };
}

/** One next look for all who wait, unless the chain has become too long: then the next push begins a new one. */
async function orderNext(deps: LookDeps, room: Room, round: number, nexts: readonly number[]): Promise<void> {
  if (nexts.length === 0 || round >= mostRounds) return;
  const atMs = Math.max(Math.min(...nexts), deps.now() + deps.redeliverAfterMs / 2);
  await deps.scheduleLook({ roomId: room.roomId, round: round + 1 }, atMs - deps.now());
  if (round < lastNotedRound) await deps.rooms.noteLook(room.roomId, atMs);
}
