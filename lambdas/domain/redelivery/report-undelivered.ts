import { forEachLimited } from "../concurrency/for-each-limited.ts";
import { flatten } from "../concurrency/pages.ts";
import type { Deps } from "../model/deps.ts";
import type { Member, Part } from "../model/member.ts";
import type { LogEntry } from "../model/message.ts";
import { hasReached, type Stop, stopOf } from "../model/resume-point.ts";
import type { Room } from "../model/room.ts";
import type { Undelivered } from "../model/undelivered.ts";

const personsAtOnce = 25;

/** @returns the report that the subject did not get it; none for a number that holds nothing, or for their own message */
export function undeliveredOf({ message }: LogEntry, subject: string): Undelivered[] {
  // Who sent it needs no SMS about it, whether it came back to them or not.
  if (!message || message.from === subject) return [];
  const { messageId, roomId, eventName, atMs, epoch, seq } = message;
  return [{ messageId, roomId, subject, eventName, atMs, epoch, seq }];
}

/** What is known of one person in a room. */
interface Person {
  devices: Member[];
  stops: Stop[];
}

/**
 * Of what devices were not sent any more: what has come to no device of its person, and was not reported for another
 * one. Each message once for each person.
 *
 * @param part of a very large room; there only the devices in the same part count, as to read all there is no time
 */
export async function toReport(
  { members, cursors }: Pick<Deps, "members" | "cursors">,
  { roomId }: Pick<Room, "roomId">,
  given: readonly Undelivered[],
  part?: Part,
): Promise<Undelivered[]> {
  if (given.length === 0) return [];
  const persons = new Map<string, Person>(given.map(({ subject }) => [subject, { devices: [], stops: [] }]));
  for await (const member of flatten(members.pages(roomId, part, undefined, "lapsed")))
    persons.get(member.subject)?.devices.push(member);
  // On a device that was closed since, too.
  await forEachLimited(persons, personsAtOnce, async ([subject, { devices, stops }]) => {
    const kept = await cursors.get(roomId, subject);
    stops.push(...[kept, ...devices.map(stopOf)].filter((stop) => stop !== undefined));
  });
  const once = new Map(
    given.map((message) => [JSON.stringify([message.subject, message.epoch, message.seq]), message]),
  );
  return [...once.values()].filter((message) => {
    const { devices = [], stops = [] } = persons.get(message.subject) ?? {};
    const isKnown = devices.some((device) => hasGivenUp(device, message));
    return !isKnown && !stops.some((stop) => hasReached(stop, message));
  });
}

/** Whether the message was sent to the device often enough, and so reported. */
export const hasGivenUp = (
  { cursor, beganSeq = 0, givenUpSeq }: Pick<Member, "cursor" | "beganSeq" | "givenUpSeq">,
  { epoch, seq }: Pick<Undelivered, "epoch" | "seq">,
): boolean => cursor?.epoch === epoch && beganSeq < seq && seq <= givenUpSeq;
