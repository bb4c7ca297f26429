import type { History, Sent, Stay } from "./history.ts";
import type { Logged } from "./tables.ts";

/** A message that a page should have heard, and has not. */
export interface Unheard {
  stay: Stay;
  sent: Sent;
}

/**
 * What is still to be heard: whoever was told to be in before an accepted, logged message was sent, and was neither
 * told to be out nor has left since, hears it sooner or later.
 */
export function unheardOf({ stays, sent }: History): Unheard[] {
  const lasting = stays.filter(({ until, isInDoubt }) => until === undefined && !isInDoubt);
  return lasting.flatMap((stay) =>
    sent
      .filter((message) => isDue(stay, message) && !hasHeard(stay, message))
      .map((message) => ({ stay, sent: message })),
  );
}

const isDue = ({ roomId, from }: Stay, { rooms, isLogged, isAccepted, askedAt }: Sent) =>
  isLogged && isAccepted && rooms.includes(roomId) && askedAt > from;

const hasHeard = ({ received }: Stay, { eventName }: Sent) => received.some((each) => each.eventName === eventName);

/**
 * Everything that is wrong with what the pages heard, apart from what is still unheard.
 *
 * @param logs what is kept of each room
 */
export function wrongsOf(history: History, logs: ReadonlyMap<string, readonly Logged[]>): string[] {
  const { faults, stays, sent } = history;
  return [
    ...faults,
    ...sent.flatMap((message) => wrongsInLogs(message, logs)),
    ...stays.flatMap((stay) => wrongsOfStay(stay, history, logs.get(stay.roomId) ?? [])),
    ...stays.flatMap((stay) => lostBetween(stay, history)),
  ];
}

/** An accepted message is in each of its rooms' logs once; whatever became of another one, it is not there twice. */
function wrongsInLogs({ eventName, rooms, isLogged, isAccepted }: Sent, logs: ReadonlyMap<string, readonly Logged[]>) {
  return rooms.flatMap((roomId) => {
    const times = (logs.get(roomId) ?? []).filter((entry) => entry.eventName === eventName).length;
    const isRight = isLogged ? times === 1 || (times === 0 && !isAccepted) : times === 0;
    return isRight ? [] : [`${eventName}${isAccepted ? ", accepted," : ""} is ${times} times in the log of ${roomId}`];
  });
}

function wrongsOfStay(stay: Stay, history: History, log: readonly Logged[]): string[] {
  const { page, roomId, received, catchUp, askedAt, from } = stay;
  const wrongs: string[] = [];
  const say = (what: string) => wrongs.push(`${page} in ${roomId} since ${from} ${what}`);
  let last = 0;
  for (const [i, { eventName, seq }] of received.entries()) {
    if (received.slice(0, i).some((before) => before.eventName === eventName)) say(`heard ${eventName} twice`);
    const sent = history.sent.find((each) => each.eventName === eventName);
    if (!sent?.rooms.includes(roomId)) say(`heard ${eventName}, which was not sent there`);
    else if (sent.isLogged !== (seq !== undefined)) say(`heard ${eventName} with the number ${seq}`);
    else if (catchUp === "none" && sent.answeredAt !== undefined && sent.answeredAt < askedAt && seq !== undefined)
      say(`heard ${eventName}, which was over before it asked to log in`);
    if (seq === undefined) continue;
    if (seq <= last) say(`heard ${eventName}, number ${seq}, after number ${last}`);
    last = seq;
  }
  const numbers = new Set(received.map(({ seq }) => seq));
  const first = Math.min(...received.flatMap(({ seq }) => seq ?? []));
  const own = new Set(history.sent.map(({ eventName }) => eventName));
  const isOwn = ({ eventName }: Logged) => eventName !== undefined && own.has(eventName);
  for (const entry of log.filter(isOwn)) {
    const sent = history.sent.find((each) => each.eventName === entry.eventName);
    const isBetween = entry.seq > first || (sent && sent.askedAt > from);
    if (isBetween && entry.seq < last && !numbers.has(entry.seq)) {
      say(`heard number ${last}, but never ${entry.eventName}, number ${entry.seq}`);
    }
  }
  return wrongs;
}

/**
 * A page that came with `since: "last"` goes on where its person stopped: what was sent since the person was in before
 * has been heard by one of the person's pages. Another page of the person that began at the newest message meanwhile has
 * passed over what was before it, for the person.
 */
function lostBetween(stay: Stay, { stays, sent }: History): string[] {
  const { roomId, subject, page, until, isInDoubt, catchUp, askedAt, from } = stay;
  if (catchUp !== "last" || until !== undefined || isInDoubt) return [];
  const ofPerson = stays.filter((each) => each.roomId === roomId && each.subject === subject);
  const before = ofPerson.filter((each) => each.end === "closed" && (each.until ?? 0) < askedAt);
  if (before.length === 0) return [];
  const passedOver = ofPerson.filter((each) => each.catchUp !== "last" && each.from < from);
  const since = Math.max(...[...before, ...passedOver].map((each) => each.from));
  return sent
    .filter((message) => isDue({ ...stay, from: since }, message))
    .filter((message) => !ofPerson.some((each) => hasHeard(each, message)))
    .map(({ eventName }) => `${page} came back to ${roomId}, and nobody of ${subject} ever heard ${eventName}`);
}
