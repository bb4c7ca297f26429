import type { History, Membership, SentMessage } from "./history.ts";
import type { LoggedMessage } from "./tables.ts";

/** A message that a page should have received, and has not. */
export interface MissingMessage {
  membership: Membership;
  sent: SentMessage;
}

/**
 * Messages that are still to arrive. A member receives every accepted and logged message that was sent after its login
 * reply, as long as the membership has not ended.
 */
export function missingMessagesOf({ memberships, sent }: History): MissingMessage[] {
  const current = memberships.filter(({ until, isUncertain }) => until === undefined && !isUncertain);
  return current.flatMap((membership) =>
    sent
      .filter((message) => isDue(membership, message) && !hasReceived(membership, message))
      .map((message) => ({ membership, sent: message })),
  );
}

const isDue = ({ roomId, from }: Membership, { rooms, isLogged, isAccepted, requestedAt }: SentMessage) =>
  isLogged && isAccepted && rooms.includes(roomId) && requestedAt > from;

const hasReceived = ({ received }: Membership, { eventName }: SentMessage) =>
  received.some((each) => each.eventName === eventName);

/**
 * All violations of the guarantees, except messages that are still missing.
 *
 * @param logs entries of each room's log
 */
export function violationsOf(history: History, logs: ReadonlyMap<string, readonly LoggedMessage[]>): string[] {
  const { violations, memberships, sent } = history;
  return [
    ...violations,
    ...sent.flatMap((message) => violationsInLogs(message, logs)),
    ...memberships.flatMap((membership) =>
      violationsOfMembership(membership, history, logs.get(membership.roomId) ?? []),
    ),
    ...memberships.flatMap((membership) => lostBetweenMemberships(membership, history)),
  ];
}

/** An accepted message is once in the log of each of its rooms; a message that was not accepted is there at most once. */
function violationsInLogs(
  { eventName, rooms, isLogged, isAccepted }: SentMessage,
  logs: ReadonlyMap<string, readonly LoggedMessage[]>,
) {
  return rooms.flatMap((roomId) => {
    const times = (logs.get(roomId) ?? []).filter((entry) => entry.eventName === eventName).length;
    const isRight = isLogged ? times === 1 || (times === 0 && !isAccepted) : times === 0;
    return isRight ? [] : [`${eventName}${isAccepted ? ", accepted," : ""} is ${times} times in the log of ${roomId}`];
  });
}

/** A page receives each message once, in order, without gaps, and only messages of its rooms since its login. */
function violationsOfMembership(membership: Membership, history: History, log: readonly LoggedMessage[]): string[] {
  const { page, roomId, received, catchUp, requestedAt, from } = membership;
  const violations: string[] = [];
  const report = (what: string) => violations.push(`${page} in ${roomId} since ${from} ${what}`);
  let last = 0;
  for (const [i, { eventName, seq }] of received.entries()) {
    if (received.slice(0, i).some((before) => before.eventName === eventName)) report(`received ${eventName} twice`);
    const sent = history.sent.find((each) => each.eventName === eventName);
    if (!sent?.rooms.includes(roomId)) report(`received ${eventName}, which was not sent there`);
    else if (sent.isLogged !== (seq !== undefined)) report(`received ${eventName} with seq ${seq}`);
    else if (catchUp === "none" && sent.repliedAt !== undefined && sent.repliedAt < requestedAt && seq !== undefined)
      report(`received ${eventName}, which was answered before the login was requested`);
    if (seq === undefined) continue;
    if (seq <= last) report(`received ${eventName}, seq ${seq}, after seq ${last}`);
    last = seq;
  }
  const seqs = new Set(received.map(({ seq }) => seq));
  const first = Math.min(...received.flatMap(({ seq }) => seq ?? []));
  const own = new Set(history.sent.map(({ eventName }) => eventName));
  const isOwn = ({ eventName }: LoggedMessage) => eventName !== undefined && own.has(eventName);
  for (const entry of log.filter(isOwn)) {
    const sent = history.sent.find((each) => each.eventName === entry.eventName);
    const isBetween = entry.seq > first || (sent && sent.requestedAt > from);
    if (isBetween && entry.seq < last && !seqs.has(entry.seq)) {
      report(`received seq ${last}, but never ${entry.eventName}, seq ${entry.seq}`);
    }
  }
  return violations;
}

/**
 * A login with `since: "last"` continues at the user's resume point: some page of the user has received every message
 * that was sent since the user's earlier membership. Exception: if another page of the user has joined at the latest
 * message meanwhile, its acks have moved the user's position past the messages before it.
 */
function lostBetweenMemberships(membership: Membership, { memberships, sent }: History): string[] {
  const { roomId, subject, page, until, isUncertain, catchUp, requestedAt, from } = membership;
  if (catchUp !== "last" || until !== undefined || isUncertain) return [];
  const ofUser = memberships.filter((each) => each.roomId === roomId && each.subject === subject);
  const before = ofUser.filter((each) => each.end === "closed" && (each.until ?? 0) < requestedAt);
  if (before.length === 0) return [];
  const atLatest = ofUser.filter((each) => each.catchUp !== "last" && each.from < from);
  const since = Math.max(...[...before, ...atLatest].map((each) => each.from));
  return sent
    .filter((message) => isDue({ ...membership, from: since }, message))
    .filter((message) => !ofUser.some((each) => hasReceived(each, message)))
    .map(({ eventName }) => `${page} came back to ${roomId}, and no page of ${subject} ever received ${eventName}`);
}
