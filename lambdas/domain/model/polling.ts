/** How a session receives: frames are posted to its WebSocket, or it fetches them with `GET /poll`. */
export type Transport = "websocket" | "polling";

/**
 * The id that a polling session has in place of a connection's. It owns memberships and leases as a connection's id does,
 * so the same conditional writes hold for both. Nothing can be posted to it.
 */
export const pollingConnectionId = (session: string) => `poll:${session}`;

/** Whether a member, a caller or a leaseholder polls: then nothing can be posted to it. */
export const isPolling = ({ transport }: { transport: Transport }): boolean => transport === "polling";

/** How long a membership stays without a further poll, in milliseconds. */
export const pollingLeaseMs = 90_000;

/** The age at which a poll renews the lease: of polls that come every 3 s, one in ten writes. */
const renewAfterMs = pollingLeaseMs / 3;

/**
 * Whether a poll may leave the membership unwritten: it is of this polling session, and its lease was renewed within the
 * last 30 s.
 */
export const isLeaseFresh = (
  self: { connectionId: string; transport: Transport },
  membership: { connectionId: string; leaseExpiresAtMs?: number },
  nowMs: number,
): boolean =>
  isPolling(self) &&
  membership.connectionId === self.connectionId &&
  (membership.leaseExpiresAtMs ?? 0) > nowMs + pollingLeaseMs - renewAfterMs;
