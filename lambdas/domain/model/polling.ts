import type { Member } from "./member.ts";

/** A page without a WebSocket: it has places by leases, and no connection to post to. */
const prefix = "poll:";

/** What stands where others have a connection's id. */
export const pollingConnectionId = (session: string) => `${prefix}${session}`;

export const isPolling = (connectionId: string) => connectionId.startsWith(prefix);

/** How long a place is kept for the next poll. */
export const leaseMs = 90_000;

/** So much of it is over before a poll writes a new one: of polls that come every 3 s one in ten does. */
const renewAfterMs = leaseMs / 3;

/** Whether the place is as a poll of that connection would write it, but for a little of its lease. */
export const isHeld = (connectionId: string, membership: Member, nowMs: number): boolean =>
  isPolling(connectionId) &&
  membership.connectionId === connectionId &&
  (membership.leaseExpiresAtMs ?? 0) > nowMs + leaseMs - renewAfterMs;
