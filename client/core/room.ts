import type { ServerFrame } from "../../protocol/frames.ts";
import type { LoginPolicy } from "../../protocol/ids.ts";

export type Evicted = Extract<ServerFrame, { type: "evicted" }>;

/** A room that this page is in, or waits to be let in to. */
export interface Room {
  /** Policy of the last login; what a reconnect restores. */
  type?: LoginPolicy | undefined;
  /** Of the room's log; generations begin again with a new one. */
  epoch?: string;
  /** Highest generation that a 2002 gave, -1 before the first. */
  login: number;
  /** Highest generation that a 2005 named. */
  eviction: number;
  /** The newest 2005 that came before its 2002 did. */
  evicted?: Evicted;
}

export const waitingRoom: Room = { login: -1, eviction: 0 };

/** 2002 and 2005 may overtake one another. Both only raise a maximum, so that every order of arrival ends the same. */
export const isIn = (room: Room | undefined) => !!room && room.login >= room.eviction;

export const afterEviction = (room: Room, evicted: Evicted): Room =>
  evicted.generation > room.eviction ? { ...room, eviction: evicted.generation, evicted } : room;

export function afterLogin(room: Room, { epoch, generation }: { epoch: string; generation: number }): Room {
  const known = room.epoch && room.epoch !== epoch ? waitingRoom : room;
  return { ...room, epoch, login: Math.max(known.login, generation), eviction: known.eviction };
}
