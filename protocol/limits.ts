/** Every limit of the wire, in one place. Those of API Gateway are quotas that AWS does not raise. */
export const limits = {
  /** API Gateway closes a connection (1009) whose client sends a larger frame; browsers send one frame per message. */
  frameBytes: 32 * 1024,
  /** The most that API Gateway posts to a connection: a pushed message with everything around its `data`. */
  postBytes: 128 * 1024,
  roomIdChars: 128,
  eventNameChars: 128,
  /** Of a token's `sub` and of `userId`. */
  subjectChars: 256,
  sessionChars: 64,
  refChars: 64,
  nonceChars: 64,
  /** Rooms that one `hello` may restore; its answer has to fit into one post. */
  roomsPerHello: 50,
  roomsPerConnection: 100,
  roomsPerPush: 100,
} as const;

/** API Gateway ends every connection after two hours. */
export const connectionMaxSeconds = 2 * 60 * 60;
/** API Gateway ends a connection that was silent for ten minutes. */
export const connectionIdleSeconds = 10 * 60;
