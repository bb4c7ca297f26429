/** A page without a WebSocket: it has places by leases, and no connection to post to. */
const prefix = "poll:";

/** What stands where others have a connection's id. */
export const pollerOf = (session: string) => `${prefix}${session}`;
export const isPoller = (connectionId: string) => connectionId.startsWith(prefix);
/** How long a place is kept for the next poll. */
export const leaseMs = 90_000;
