import { forEachLimited } from "../concurrency/for-each-limited.ts";
import { flatten } from "../concurrency/pages.ts";
import type { Deps } from "../model/deps.ts";
import type { Member, Part } from "../model/member.ts";
import type { LogEntry } from "../model/message.ts";
import { hasReached, type ResumePoint, resumePointOf } from "../model/resume-point.ts";
import type { Room } from "../model/room.ts";
import type { Undelivered } from "../model/undelivered.ts";

const subjectConcurrency = 25;

/** @returns the report that the subject did not get it; none for a number that holds nothing, or for their own message */
export function undeliveredOf({ message }: LogEntry, subject: string): Undelivered[] {
  // Who sent it needs no SMS about it, whether it came back to them or not.
  if (!message || message.from === subject) return [];
  const { messageId, roomId, eventName, atMs, epoch, seq } = message;
  return [{ messageId, roomId, subject, eventName, atMs, epoch, seq }];
}

/** What is known of one person in a room. */
interface Devices {
  devices: Member[];
  points: ResumePoint[];
}

/**
 * Of what devices were not sent any more: what has come to no device of its person, and was not reported for another
 * one. Each message once for each person.
 *
 * @param part of a very large room; there only the devices in the same part count, as to read all there is no time
 */
export async function undeliveredToReport(
  { members, resumePoints }: Pick<Deps, "members" | "resumePoints">,
  { roomId }: Pick<Room, "roomId">,
  given: readonly Undelivered[],
  part?: Part,
): Promise<Undelivered[]> {
  if (given.length === 0) return [];
  const bySubject = new Map<string, Devices>(given.map(({ subject }) => [subject, { devices: [], points: [] }]));
  for await (const member of flatten(members.pages(roomId, part, undefined, "includingExpired")))
    bySubject.get(member.subject)?.devices.push(member);
  // On a device that was closed since, too.
  await forEachLimited(bySubject, subjectConcurrency, async ([subject, { devices, points }]) => {
    const kept = await resumePoints.get(roomId, subject);
    points.push(...[kept, ...devices.map(resumePointOf)].filter((resumePoint) => resumePoint !== undefined));
  });
  const once = new Map(
    given.map((message) => [JSON.stringify([message.subject, message.epoch, message.seq]), message]),
  );
  return [...once.values()].filter((message) => {
    const { devices = [], points = [] } = bySubject.get(message.subject) ?? {};
    const isKnown = devices.some((device) => isExhausted(device, message));
    return !isKnown && !points.some((resumePoint) => hasReached(resumePoint, message));
  });
}

/** Whether the message was sent to the device often enough, and so reported. */
export const isExhausted = (
  { cursor, startSeq = 0, exhaustedSeq }: Pick<Member, "cursor" | "startSeq" | "exhaustedSeq">,
  { epoch, seq }: Pick<Undelivered, "epoch" | "seq">,
): boolean => cursor?.epoch === epoch && startSeq < seq && seq <= exhaustedSeq;
