import { connectionMaxSeconds, inlineBytes } from "../../protocol/limits.ts";
import {
  ackWindowSeconds,
  ackWithinSeconds,
  frameBytes,
  payloadReferenceBytes,
  redeliverAfterSeconds,
} from "./architecture.ts";
import { membersOf, type Scenario } from "./scenario.ts";

/** Average rates a second. */
export interface Load {
  pushes: number;
  everyonePushes: number;
  posts: number;
  /** Ack frames; none at `qos` 0. */
  acks: number;
  /** Rooms named in all ack frames. */
  ackedRooms: number;
  heartbeats: number;
  /** API Gateway closes each connection after two hours. */
  reconnects: number;
  ackChecks: number;
  everyoneAckChecks: number;
  /** Handshakes and client frames. */
  frames: number;
  /** Everything that counts against API Gateway's quota of requests. */
  requests: number;
  /** The requests that do not depend on pushes: heartbeats and reconnects. */
  quietRequests: number;
}

/** The rate of actions that follow events, at most one in the `window` after the first event. */
const coalesced = (perSecond: number, window: number) => perSecond / (1 + perSecond * window);

/** The rate of actions at fixed moments, one `window` apart, of which each needs an event since the last moment. */
const atMoments = (perSecond: number, window: number) => (1 - Math.exp(-perSecond * window)) / window;

/** Rooms are alike, and messages arrive at random. */
export function loadOf(scenario: Scenario): Load {
  const { connections, rooms, roomsPerConnection, pushesPerMinute, everyonePerDay, heartbeatSeconds, qos } = scenario;
  const pushes = pushesPerMinute / 60;
  const everyonePushes = everyonePerDay / 86_400;
  const posts = pushes * membersOf(scenario) + everyonePushes * connections;
  const received = posts / connections;
  const perRoom = pushes / rooms;
  const ackWithin = ackWithinSeconds(membersOf(scenario));
  const isSpread = ackWithin > ackWindowSeconds;
  const roomAcks = roomsPerConnection * (isSpread ? atMoments : coalesced)(perRoom, ackWithin);
  const everyoneAcks = coalesced(everyonePushes, ackWindowSeconds);
  // Acks of large rooms are not coalesced with others.
  const frames = isSpread ? roomAcks + everyoneAcks : coalesced(received, ackWindowSeconds);
  const acks = qos * connections * frames;
  const ackedRooms = qos * connections * (roomAcks + everyoneAcks);
  const heartbeats = connections * silencesPerSecond(received, heartbeatSeconds);
  const reconnects = connections / connectionMaxSeconds;
  // A handshake and a hello. A disconnect is not a request.
  const quietRequests = heartbeats + 2 * reconnects;
  return {
    pushes,
    everyonePushes,
    posts,
    acks,
    ackedRooms,
    heartbeats,
    reconnects,
    ackChecks: qos * rooms * coalesced(perRoom, redeliverAfterSeconds),
    everyoneAckChecks: qos * coalesced(everyonePushes, redeliverAfterSeconds),
    frames: quietRequests + acks,
    requests: quietRequests + posts + acks + pushes + everyonePushes,
    quietRequests,
  };
}

/**
 * The rate of silences of `seconds` if messages arrive at random. A message and a heartbeat's response both restart the
 * silence.
 */
const silencesPerSecond = (received: number, seconds: number) =>
  received * seconds < 1e-9 ? 1 / seconds : received / Math.expm1(received * seconds);

/** Whether the data exceeds a frame, so that the frame carries a reference to S3. */
export const isLargePayload = ({ payloadBytes }: Scenario): boolean => payloadBytes + frameBytes > inlineBytes;

/** Bytes of a message's frame. */
export const pushedBytes = (scenario: Scenario): number =>
  frameBytes + (isLargePayload(scenario) ? payloadReferenceBytes : scenario.payloadBytes);

/** Billed WebSocket messages of one frame. */
export const messagesPerFrame = (scenario: Scenario): number => Math.ceil(pushedBytes(scenario) / (32 * 1024));
