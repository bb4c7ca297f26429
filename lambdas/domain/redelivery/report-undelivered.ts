import { forEachLimited } from "../concurrency/for-each-limited.ts";
import { flatten } from "../concurrency/pages.ts";
import type { Deps } from "../model/deps.ts";
import type { Member, Part } from "../model/member.ts";
import type { LogEntry } from "../model/message.ts";
import { hasReached, type ResumePoint, resumePointOf } from "../model/resume-point.ts";
import type { Room } from "../model/room.ts";
import type { Undelivered } from "../model/undelivered.ts";

const subjectConcurrency = 25;

/** @returns the report for the subject; none for a tombstone, and none for the subject's own message */
export function undeliveredOf({ message }: LogEntry, subject: string): Undelivered[] {
  if (!message || message.from === subject) return [];
  const { messageId, roomId, eventName, atMs, epoch, seq } = message;
  return [{ messageId, roomId, subject, eventName, atMs, epoch, seq }];
}

/** The devices of one user in a room. */
interface Devices {
  members: Member[];
  /** Of these members, and of departed devices. */
  points: ResumePoint[];
}

/**
 * Reduces findings of single devices to reports. A message is reported once per user, and not at all if a device of the
 * user has it, or if it was reported when redeliveries to another device were exhausted.
 *
 * @param part one part of a very large room. Only devices in the same part are compared: there is no time to read all.
 */
export async function undeliveredToReport(
  deps: Pick<Deps, "members" | "resumePoints">,
  { roomId }: Pick<Room, "roomId">,
  found: readonly Undelivered[],
  part?: Part,
): Promise<Undelivered[]> {
  if (found.length === 0) return [];
  const devices = await devicesBySubject(deps, roomId, new Set(found.map(({ subject }) => subject)), part);
  const isHandled = (message: Undelivered) => {
    const { members = [], points = [] } = devices.get(message.subject) ?? {};
    return members.some((member) => isExhausted(member, message)) || points.some((point) => hasReached(point, message));
  };
  const keyOf = ({ subject, epoch, seq }: Undelivered) => JSON.stringify([subject, epoch, seq]);
  const distinct = new Map(found.map((message) => [keyOf(message), message]));
  return [...distinct.values()].filter((message) => !isHandled(message));
}

async function devicesBySubject(
  { members, resumePoints }: Pick<Deps, "members" | "resumePoints">,
  roomId: string,
  subjects: ReadonlySet<string>,
  part: Part | undefined,
): Promise<Map<string, Devices>> {
  const devices = new Map<string, Devices>([...subjects].map((subject) => [subject, { members: [], points: [] }]));
  for await (const member of flatten(members.pages(roomId, part, undefined, "includingExpired"))) {
    devices.get(member.subject)?.members.push(member);
  }
  await forEachLimited(devices, subjectConcurrency, async ([subject, { members, points }]) => {
    const kept = await resumePoints.get(roomId, subject);
    points.push(...[kept, ...members.map(resumePointOf)].filter((point) => point !== undefined));
  });
  return devices;
}

/** Whether redeliveries of the message to a device that joined before it are exhausted, and so reported. */
export const isExhausted = (
  { cursor, startSeq = 0, exhaustedSeq }: Pick<Member, "cursor" | "startSeq" | "exhaustedSeq">,
  { epoch, seq }: Pick<Undelivered, "epoch" | "seq">,
): boolean => cursor?.epoch === epoch && startSeq < seq && seq <= exhaustedSeq;
