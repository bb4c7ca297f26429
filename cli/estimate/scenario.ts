/** What is asked: how much is going on, how it is set up, and what AWS allows. */
export interface Question {
  /** Open at any moment, all month long. */
  connections: number;
  rooms: number;
  roomsPerConnection: number;
  /** To rooms, all together. */
  pushesPerMinute: number;
  /** To everyone. */
  everyonePerDay: number;
  /** Of a message's `data`. */
  payloadBytes: number;
  /** How long nothing may arrive before a client asks whether its connection still lives. */
  heartbeatSeconds: number;
  qos: 0 | 1;
  /** Of the stack: the pace of all fan-out workers together. */
  postsPerSecond: number;
  /** Of the stack: handshakes and frames of pages, acks among them. */
  socketRateLimit: number;
  /** API Gateway's quota of account and Region for connects, frames, pushes and posts together. */
  requestsPerSecond: number;
  /** API Gateway's quota for new connections. */
  connectsPerSecond: number;
  /** How soon a push to everyone should be with the last page. */
  everyoneWithinSeconds: number;
  /** How soon all pages should be back after an outage. */
  backWithinSeconds: number;
}

/** What is taken for what nobody said. */
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
} as const satisfies Partial<Question>;

/** Members of a room if nobody says how many rooms there are. */
export const usualMembers = 10;

/** Of one room, on average. */
export const membersOf = ({ connections, rooms, roomsPerConnection }: Question): number =>
  (connections * roomsPerConnection) / rooms;
