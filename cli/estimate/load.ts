import { inlineBytes } from "../../protocol/limits.ts";
import {
  ackWindowSeconds,
  ackWithinSeconds,
  addressBytes,
  frameBytes,
  lifeSeconds,
  redeliverAfterSeconds,
} from "./architecture.ts";
import { membersOf, type Question } from "./scenario.ts";

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

/** The same for what happens at fixed moments, if anything came since the last one. */
const atMoments = (perSecond: number, window: number) => (1 - Math.exp(-perSecond * window)) / window;

/** By the question alone: everything evenly spread, messages at random. */
export function loadOf(question: Question): Load {
  const { connections, rooms, roomsPerConnection, pushesPerMinute, everyonePerDay, heartbeatSeconds, qos } = question;
  const pushes = pushesPerMinute / 60;
  const everyonePushes = everyonePerDay / 86_400;
  const posts = pushes * membersOf(question) + everyonePushes * connections;
  const received = posts / connections;
  const perRoom = pushes / rooms;
  const ackWithin = ackWithinSeconds(membersOf(question));
  const isSpread = ackWithin > ackWindowSeconds;
  const roomAcks = roomsPerConnection * (isSpread ? atMoments : coalesced)(perRoom, ackWithin);
  const everyoneAcks = coalesced(everyonePushes, ackWindowSeconds);
  // Acks of large rooms travel alone.
  const frames = isSpread ? roomAcks + everyoneAcks : coalesced(received, ackWindowSeconds);
  const acks = qos * connections * frames;
  const ackedRooms = qos * connections * (roomAcks + everyoneAcks);
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

/** Whether the data are kept apart, and a frame says where: more than fits into one. */
export const isApart = ({ payloadBytes }: Question): boolean => payloadBytes + frameBytes > inlineBytes;

/** Of a whole frame. */
export const pushedBytes = (question: Question): number =>
  frameBytes + (isApart(question) ? addressBytes : question.payloadBytes);

/** What API Gateway bills one frame as. */
export const messagesPerFrame = (question: Question): number => Math.ceil(pushedBytes(question) / (32 * 1024));
