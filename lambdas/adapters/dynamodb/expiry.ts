// `expiresAt` of every row, in seconds since 1970. DynamoDB deletes days late, so whoever reads takes a row past its time
// as absent.

type Row = Record<string, unknown>;

const day = 24 * 60 * 60;
/** Of what is to be kept until then. */
export const expiry = (atMs: number) => Math.ceil(atMs / 1000);
/** API Gateway ends a connection at 2 h; a row that is older is a ghost, whatever `$disconnect` did. */
export const connectionExpiry = (connectedAtMs: number) => expiry(connectedAtMs) + 130 * 60;
/** So long after its lease a poller's place can still be looked at, by who asks what it did not get. */
export const leaseExpiry = (leaseExpiresAtMs: number) => expiry(leaseExpiresAtMs) + 60 * 60;
/** The same id within a day is the same message. */
export const pushExpiry = (atMs: number) => expiry(atMs) + day;
/** A room nobody used for so long loses its counters, and gets a new epoch: longer than any message is kept. */
export const roomExpiry = (nowMs: number) => expiry(nowMs) + 30 * day;
/** A room that ends before that is renewed when somebody comes: once a day, not each time. */
export const roomRenewal = (nowMs: number) => roomExpiry(nowMs) - day;

/** The row, unless its time is over. */
export const unexpired = (row: Row | undefined, nowMs: number): Row | undefined =>
  row && (row.expiresAt as number) > seconds(nowMs) ? row : undefined;

/** The same where DynamoDB compares: `expiresAt` with `:now`. */
export const isUnexpired = "expiresAt > :now";
export const isExpired = "expiresAt <= :now";
/** What is to be `:now`. */
export const seconds = (nowMs: number) => Math.floor(nowMs / 1000);
