/** All limits of the protocol. Those of API Gateway are quotas that AWS does not raise. */
export const limits = {
  /** Maximum frame from a client. API Gateway closes the connection with 1009 if it receives a larger frame. */
  frameBytes: 32 * 1024,
  /** Maximum frame that API Gateway posts to a connection. */
  postBytes: 128 * 1024,
  /** API Gateway bills each started piece of this size as one message. */
  billedBytes: 32 * 1024,
  /** Maximum `data` of a push. Lambda accepts requests of 6 MB, including the envelope. */
  payloadBytes: 5 * 1024 * 1024,
  roomIdChars: 128,
  eventNameChars: 128,
  /**
   * Maximum of a token's `sub` and of `userId`, in UTF-8. Subjects are parts of table keys, which percent-encoding makes
   * three times as long.
   */
  subjectBytes: 256,
  sessionChars: 64,
  refChars: 64,
  nonceChars: 64,
  /** Maximum of `messageId` and of `clientMessageId`. */
  messageIdChars: 128,
  epochChars: 32,
  /** Maximum of `history`. */
  historyMessages: 100,
  /** The ack window: posted messages of a room that one member has not acknowledged. Further messages wait in the log. */
  unackedMessages: 128,
  receiptsPerAck: 64,
  /** Rooms that one `hello` may restore: its reply has to fit into one post. */
  roomsPerHello: 50,
  roomsPerConnection: 100,
  /** `roomsPerConnection`, and `@all` and `@user`. */
  roomsPerAck: 102,
  roomsPerPush: 100,
  excludedPerPush: 20,
  /** Maximum of `waitFor.acks`. */
  waitForAcks: 100,
  /** Maximum of `waitFor.withinMs`: API Gateway ends a request after 29 s. */
  waitForMs: 20_000,
  /** Maximum of `ttl`: the time for which a room without traffic keeps its counters. */
  ttlSeconds: 30 * 24 * 60 * 60,
} as const;

/** API Gateway ends every connection after two hours. */
export const connectionMaxSeconds = 2 * 60 * 60;
/** API Gateway ends a connection that has been idle for ten minutes. */
export const connectionIdleSeconds = 10 * 60;
/**
 * Maximum frame of a message that carries its `data`; larger data become a payload. It is below `postBytes` with a margin,
 * because a frame that API Gateway refuses for its size can never be delivered.
 */
export const inlineBytes = 125_000;
