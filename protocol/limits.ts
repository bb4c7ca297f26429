/** Every limit of the wire, in one place. Those of API Gateway are quotas that AWS does not raise. */
export const limits = {
  /** API Gateway closes a connection (1009) whose client sends a larger frame; browsers send one frame per message. */
  frameBytes: 32 * 1024,
  /** The most that API Gateway posts to a connection. */
  postBytes: 128 * 1024,
  /** API Gateway bills a frame by pieces of this size. */
  billedBytes: 32 * 1024,
  /** Of `data`. A Lambda is called with 6 MB at most, and the envelope of a push needs its part. */
  payloadBytes: 5 * 1024 * 1024,
  roomIdChars: 128,
  eventNameChars: 128,
  /** Of a token's `sub` and of `userId`, as UTF-8: they are in keys of tables, and percent-encoded three times as long. */
  subjectBytes: 256,
  sessionChars: 64,
  refChars: 64,
  nonceChars: 64,
  /** Of `messageId` and `clientMessageId`. */
  messageIdChars: 128,
  epochChars: 32,
  /** Messages that a login may ask for by `history`. */
  historyMessages: 100,
  /** Posted and not yet acked messages of one room and client; the rest waits in the log. */
  unackedMessages: 128,
  receiptsPerAck: 64,
  /** Rooms that one `hello` may restore; its answer has to fit into one post. */
  roomsPerHello: 50,
  roomsPerConnection: 100,
  /** All rooms of a connection, `@all` and `@user`. */
  roomsPerAck: 102,
  roomsPerPush: 100,
  excludedPerPush: 20,
  waitForAcks: 100,
  /** A push that waits for acks holds a Lambda; API Gateway answers for it after 29 s. */
  waitForMs: 20_000,
  /** Nothing is kept for longer than a room without traffic keeps its counters. */
  ttlSeconds: 30 * 24 * 60 * 60,
} as const;

/** API Gateway ends every connection after two hours. */
export const connectionMaxSeconds = 2 * 60 * 60;
/** API Gateway ends a connection that was silent for ten minutes. */
export const connectionIdleSeconds = 10 * 60;
/**
 * Of a pushed message with everything around its `data`; the data of a larger one are kept apart. Some distance from what
 * API Gateway posts: what it refuses, it refuses for ever.
 */
export const inlineBytes = 125_000;
