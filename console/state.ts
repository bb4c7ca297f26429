import { defaultEventName } from "../protocol/codes.ts";
import type { LoginPolicy } from "../protocol/ids.ts";
import type { Store } from "./store.ts";

/** The state of the whole page. */
interface ConsoleState {
  settings: Settings;
  link: Link;
  /** Values of the login form. */
  login: { room: string; policy: LoginPolicy };
  /** Status of the last login, or the eviction that ended it. */
  loginStatus: CallStatus;
  rooms: readonly string[];
  eventNames: readonly string[];
  /** Newest first. */
  log: readonly LogEntry[];
  push: PushForm;
  pushStatus: CallStatus;
}
export type ConsoleStore = Store<ConsoleState>;

export interface Settings {
  webSocketUrl: string;
  token: string;
  apiKey: string;
}
/** State of the connection. `lastError`: why the latest attempt to connect failed. */
export type Link = { kind: "off" } | { kind: "connecting"; lastError?: string } | { kind: "on" };

/** Status of a call to the server. */
export type CallStatus = { kind: "none" } | { kind: "pending" } | { kind: "ok" | "failed"; code: string; msg: string };

export interface PushForm {
  to: "room" | "user" | "everyone";
  roomId: string;
  userId: string;
  eventName: string;
  /** JSON as it was entered. Parsing and serializing it would round large integers. */
  dataText: string;
}

export interface LogEntry {
  kind: "message" | "notice" | "warning";
  /** Time of arrival, milliseconds since 1970. */
  at: number;
  eventName: string;
  /** `undefined` for messages to everyone, and for notices without a room. */
  roomId: string | undefined;
  data: unknown;
}

export const maxLogEntries = 200;

export function initialState(settings: Settings, login: ConsoleState["login"]): ConsoleState {
  return {
    settings,
    link: { kind: "off" },
    login,
    loginStatus: { kind: "none" },
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
    pushStatus: { kind: "none" },
  };
}
