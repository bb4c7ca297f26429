// `expiresAt` of every row, the TTL attribute, in seconds since 1970. DynamoDB deletes expired rows within days, so readers
// treat them as absent. A room's own row is the exception: until it is deleted, its next use renews it with its counters.

type Row = Record<string, unknown>;

const day = 24 * 60 * 60;
/** The given time in seconds, rounded up. */
export const expiry = (atMs: number) => Math.ceil(atMs / 1000);
/** API Gateway closes connections after 2 h, so an older row is stale even if `$disconnect` was lost. */
export const connectionExpiry = (connectedAtMs: number) => expiry(connectedAtMs) + 130 * 60;
/** A polling membership stays readable for an hour after its lease, for ack checks and push status. */
export const leaseExpiry = (leaseExpiresAtMs: number) => expiry(leaseExpiresAtMs) + 60 * 60;
/** A message id is idempotent for 24 h. */
export const pushExpiry = (atMs: number) => expiry(atMs) + day;
/** After 30 days without use, longer than any retention, a room loses its counters and gets a new epoch. */
export const roomExpiry = (nowMs: number) => expiry(nowMs) + 30 * day;
/** A room that expires before this is renewed by its next use: one write a day, not one a use. */
export const roomRenewal = (nowMs: number) => roomExpiry(nowMs) - day;

/** The row, unless it has expired. */
export const unexpired = (row: Row | undefined, nowMs: number): Row | undefined =>
  row && (row.expiresAt as number) > seconds(nowMs) ? row : undefined;

/** Conditions that compare `expiresAt` with `:now`, which has to be `seconds(now)`. */
export const isUnexpired = "expiresAt > :now";
export const isExpired = "expiresAt <= :now";
/** The value of `:now`. */
export const seconds = (nowMs: number) => Math.floor(nowMs / 1000);
