import type { ServerFrame } from "../../protocol/frames.ts";
import type { LoginPolicy } from "../../protocol/ids.ts";

type Evicted = Extract<ServerFrame, { type: "evicted" }>;

/** The page's membership in a room, or its login to it while that is pending. */
export interface Room {
  /** Policy of the last login. A reconnect restores the membership with it. */
  type?: LoginPolicy | undefined;
  /** Epoch of the room's log. Generations start at 0 in each epoch. */
  epoch?: string;
  /** Highest generation that a 2002 contained, -1 before the first one. */
  login: number;
  /** Highest generation that a 2005 contained. */
  eviction: number;
  /** The newest 2005 that arrived before its 2002. */
  evicted?: Evicted;
}

/** A room before the response to the first login. */
export const newRoom: Room = { login: -1, eviction: 0 };

/** 2002 and 2005 may overtake one another. Both only raise a maximum, so that every order of arrival ends the same. */
export const isMember = (room: Room | undefined) => !!room && room.login >= room.eviction;

export const afterEviction = (room: Room, evicted: Evicted): Room =>
  evicted.generation > room.eviction ? { ...room, eviction: evicted.generation, evicted } : room;

export function afterLogin(room: Room, { epoch, generation }: { epoch: string; generation: number }): Room {
  const known = room.epoch && room.epoch !== epoch ? newRoom : room;
  return { ...room, epoch, login: Math.max(known.login, generation), eviction: known.eviction };
}
