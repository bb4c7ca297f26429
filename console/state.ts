import { defaultEventName } from "../protocol/codes.ts";
import type { LoginPolicy } from "../protocol/ids.ts";
import type { Store } from "./store.ts";

export interface ConsoleState {
  settings: Settings;
  link: Link;
  /** What the login form says. */
  login: { room: string; policy: LoginPolicy };
  /** How the last login went, or that it ended. */
  loginAnswer: Answer;
  rooms: readonly string[];
  eventNames: readonly string[];
  /** Newest first. */
  log: readonly LogEntry[];
  push: PushForm;
  pushAnswer: Answer;
}
export type ConsoleStore = Store<ConsoleState>;

export interface Settings {
  webSocketUrl: string;
  token: string;
  apiKey: string;
}
/** `trouble`: why the last attempt failed. */
export type Link = { at: "off" } | { at: "connecting"; trouble?: string } | { at: "on" };

export type Answer = { at: "none" } | { at: "asked" } | { at: "ok" | "failed"; code: string; msg: string };

export interface PushForm {
  to: "room" | "user" | "everyone";
  roomId: string;
  userId: string;
  eventName: string;
  /** JSON as it was typed: parsing and printing it again would round large integers. */
  dataText: string;
}

export interface LogEntry {
  kind: "message" | "notice" | "warning";
  /** When it arrived here, milliseconds since 1970. */
  at: number;
  eventName: string;
  /** `undefined` for everyone, and for notices that are about no room. */
  roomId: string | undefined;
  data: unknown;
}

export const logEntriesMax = 200;

export function initialState(settings: Settings, login: ConsoleState["login"]): ConsoleState {
  return {
    settings,
    link: { at: "off" },
    login,
    loginAnswer: { at: "none" },
    rooms: [],
    eventNames: ["test", defaultEventName],
    log: [],
    push: {
      to: "room",
      roomId: login.room,
      userId: "demo",
      eventName: "test",
      dataText: '{ "text": "Your report is ready" }',
    },
    pushAnswer: { at: "none" },
  };
}
