import type { Member, Part } from "./member.ts";

/** Schedules an ack check: it starts `afterMs` later, or a little after that. */
export type ScheduleAckCheck = (check: AckCheck, afterMs: number) => Promise<void>;

/**
 * One item of the queue of ack checks.
 *
 * | kind | checks |
 * | --- | --- |
 * | `room` | whether the members of a room have acknowledged its messages |
 * | `evicted` | whether an evicted session has to be notified again |
 * | `unread` | whether messages that were unread before a user's page joined have reached another device |
 */
export type AckCheck = RoomCheck | EvictedCheck | UnreadCheck;

interface Check {
  roomId: string;
  /** The number of earlier checks in this chain. Each check schedules the next one. */
  hop: number;
}

export interface RoomCheck extends Check {
  kind: "room";
  /** Absent: all members. */
  part?: Part;
  /** Present if the time of an earlier check ended before it had checked all members. */
  continuation?: Continuation;
}

export interface Continuation {
  /** The session up to which members have been checked. Absent: none. */
  after?: string;
  /** When the earliest of the members that have been checked has to be checked again. */
  nextCheckAtMs?: number;
}

/** Nothing acknowledges the notice of an eviction, so it is posted several times. */
export interface EvictedCheck extends Check {
  kind: "evicted";
  /** `generation` is that of the login that evicted the session. */
  evicted: Pick<Member, "session" | "connectionId" | "generation">;
}

/** A user's page joined at the latest message, and skipped the messages after `after`, up to `upTo`. */
export interface UnreadCheck extends Check {
  kind: "unread";
  unread: { epoch: string; after: number; upTo: number };
}
