import { ackWindowSeconds, frameBytes, lifeSeconds, redeliverAfterSeconds } from "./architecture.ts";
import { membersOf, type Question } from "./question.ts";

/** What goes on in a second, on average. */
export interface Load {
  pushes: number;
  everyonePushes: number;
  posts: number;
  /** Frames of clients that say what they have; none at `qos` 0. */
  acks: number;
  /** Rooms that these name, all together. */
  ackedRooms: number;
  heartbeats: number;
  /** API Gateway ends each connection after two hours. */
  reconnects: number;
  looks: number;
  everyoneLooks: number;
  /** Handshakes and frames of clients. */
  frames: number;
  /** What draws on API Gateway's quota. */
  requests: number;
  /** The same without what a push brings: it is there whatever is pushed. */
  quietRequests: number;
}

/** How often something happens that follows on events, but at most once in `window` after the first. */
const coalesced = (perSecond: number, window: number) => perSecond / (1 + perSecond * window);

/** By the question alone: everything evenly spread, messages at random. */
export function loadOf(question: Question): Load {
  const { connections, rooms, roomsPerConnection, pushesPerMinute, everyonePerDay, heartbeatSeconds, qos } = question;
  const pushes = pushesPerMinute / 60;
  const everyonePushes = everyonePerDay / 86_400;
  const posts = pushes * membersOf(question) + everyonePushes * connections;
  const received = posts / connections;
  const perRoom = pushes / rooms;
  const acks = qos * connections * coalesced(received, ackWindowSeconds);
  const ackedRooms =
    qos *
    connections *
    (roomsPerConnection * coalesced(perRoom, ackWindowSeconds) + coalesced(everyonePushes, ackWindowSeconds));
  const heartbeats = connections * silencesPerSecond(received, heartbeatSeconds);
  const reconnects = connections / lifeSeconds;
  // A connect and a hello; the end of a connection is no request.
  const quietRequests = heartbeats + 2 * reconnects;
  return {
    pushes,
    everyonePushes,
    posts,
    acks,
    ackedRooms,
    heartbeats,
    reconnects,
    looks: qos * rooms * coalesced(perRoom, redeliverAfterSeconds),
    everyoneLooks: qos * coalesced(everyonePushes, redeliverAfterSeconds),
    frames: quietRequests + acks,
    requests: quietRequests + posts + acks + pushes + everyonePushes,
    quietRequests,
  };
}

/**
 * How often nothing arrives for `seconds` if messages arrive at random: each message and each heartbeat's answer begins
 * the silence anew.
 */
const silencesPerSecond = (received: number, seconds: number) =>
  received * seconds < 1e-9 ? 1 / seconds : received / Math.expm1(received * seconds);

/** Of a whole frame. */
export const pushedBytes = ({ payloadBytes }: Question): number => payloadBytes + frameBytes;

/** What API Gateway bills one frame as. */
export const messagesPerFrame = (question: Question): number => Math.ceil(pushedBytes(question) / (32 * 1024));
