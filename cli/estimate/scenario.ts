/** What the estimate is for: a load, the settings of a stack, AWS's quotas and the goals. */
export interface Scenario {
  /** Open at the same time, all month. */
  connections: number;
  rooms: number;
  roomsPerConnection: number;
  /** To all rooms together. */
  pushesPerMinute: number;
  /** Pushes to everyone. */
  everyonePerDay: number;
  /** Bytes of a message's `data`. */
  payloadBytes: number;
  /** Silence after which a client sends a heartbeat. */
  heartbeatSeconds: number;
  qos: 0 | 1;
  /** A setting of the stack: posts of all workers together. */
  postsPerSecond: number;
  /** A setting of the stack: handshakes and client frames, acks included. */
  socketRateLimit: number;
  /** API Gateway's quota for handshakes, frames, pushes and posts together, per account and Region. */
  requestsPerSecond: number;
  /** API Gateway's quota for new connections. */
  connectsPerSecond: number;
  /** Goal: time until the last page has a push to everyone. */
  everyoneWithinSeconds: number;
  /** Goal: time until all pages have reconnected after an outage. */
  backWithinSeconds: number;
}

/** Defaults. */
export const defaults = {
  roomsPerConnection: 1,
  pushesPerMinute: 60,
  everyonePerDay: 1,
  payloadBytes: 200,
  heartbeatSeconds: 270,
  qos: 1,
  postsPerSecond: 3_500,
  socketRateLimit: 4_500,
  requestsPerSecond: 10_000,
  connectsPerSecond: 500,
  everyoneWithinSeconds: 60,
  backWithinSeconds: 600,
} as const satisfies Partial<Scenario>;

/** Members of a room if the number of rooms is not given. */
export const defaultRoomSize = 10;

/** Average members of a room. */
export const membersOf = ({ connections, rooms, roomsPerConnection }: Scenario): number =>
  (connections * roomsPerConnection) / rooms;
