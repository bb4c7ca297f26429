import { type DownlinkError, SocketHandle, type SystemEventName, type SystemFrameOf } from "../client/index.ts";
import { type ConsoleStore, type LogEntry, maxLogEntries } from "./state.ts";

/** The page's connection to the server. Its events change the state. */
export interface Session {
  connect(): void;
  /** Ends the session: the page leaves all rooms. */
  disconnect(): void;
  /** Logs in with the values of the login form. Connects first if needed. */
  login(): void;
  leave(roomId: string): void;
  /** Logs the messages of an event. Does nothing if they are logged already. */
  listen(eventName: string): void;
  stopListening(eventName: string): void;
}

type Frame = SystemFrameOf<SystemEventName>;
const notices: readonly SystemEventName[] = [
  "connetResp",
  "loginRoomResp",
  "leaveRoomResp",
  "heartbeatResp",
  "errorResp",
];
/** Codes of success. Notices with other codes are shown as warnings. */
const successCodes: readonly string[] = ["2001", "2002", "2006", "2008", "2010", "2011"];

export function openSession(store: ConsoleStore): Session {
  const handle = new SocketHandle({
    url: () => store.state.settings.webSocketUrl,
    token: () => store.state.settings.token,
  });
  /** Functions that remove the listeners, by event name. */
  const removeListener = new Map<string, () => void>();
  const setRooms = (rooms: Iterable<string>) => store.update({ rooms: [...new Set(rooms)] });
  const without = (left: string | undefined) => store.state.rooms.filter((roomId) => roomId !== left);

  const onNotice = (frame: Frame) => {
    log(store, {
      kind: !("code" in frame.data) || successCodes.includes(frame.data.code) ? "notice" : "warning",
      eventName: frame.eventName,
      roomId: "roomId" in frame ? frame.roomId : undefined,
      data: frame.data,
    });
    switch (frame.type) {
      case "connected":
        return store.update({ link: { kind: "on" } });
      case "loggedIn":
        return setRooms([...store.state.rooms, frame.roomId]);
      case "left":
        return setRooms(without(frame.roomId));
      case "evicted":
        setRooms(without(frame.roomId));
        return store.update({ loginStatus: { kind: "failed", ...frame.data } });
      case "loginFailed":
        // With a ref it is the response to a login, and an earlier membership remains. Without one, a reconnect could not
        // restore the membership.
        if (frame.ref === undefined) setRooms(without(frame.roomId));
        return;
      default:
        return;
    }
  };
  for (const eventName of notices) handle.listen(eventName, (_, frame) => onNotice(frame));

  const session: Session = {
    connect() {
      if (store.state.link.kind !== "off") return;
      store.update({ link: { kind: "connecting" } });
      handle.connect(
        () => {},
        ({ msg }) => {
          if (store.state.link.kind !== "off") store.update({ link: { kind: "connecting", lastError: msg } });
        },
      );
    },
    disconnect() {
      store.update({ link: { kind: "off" }, rooms: [], loginStatus: { kind: "none" } });
      handle.disconnect();
    },
    login() {
      const { room, policy } = store.state.login;
      session.connect();
      store.update({ loginStatus: { kind: "pending" } });
      handle.loginRoom(
        room,
        policy,
        ({ code, msg }) => store.update({ loginStatus: { kind: "ok", code, msg } }),
        ({ code, msg }) => store.update({ loginStatus: { kind: "failed", code, msg } }),
      );
    },
    leave(roomId) {
      const failed = ({ code, msg }: DownlinkError) => store.update({ loginStatus: { kind: "failed", code, msg } });
      handle.leaveRoom(roomId, ({ code, msg }) => store.update({ loginStatus: { kind: "ok", code, msg } }), failed);
    },
    listen(eventName) {
      // Notices have a listener already. A second one would log them twice.
      if (removeListener.has(eventName) || notices.some((name) => name === eventName)) return;
      const remove = handle.listen(eventName, (data, { roomId }) =>
        log(store, { kind: "message", eventName, roomId, data }),
      );
      removeListener.set(eventName, remove);
      store.update({ eventNames: [...removeListener.keys()] });
    },
    stopListening(eventName) {
      removeListener.get(eventName)?.();
      removeListener.delete(eventName);
      store.update({ eventNames: [...removeListener.keys()] });
    },
  };
  for (const eventName of store.state.eventNames) session.listen(eventName);
  return session;
}

function log(store: ConsoleStore, entry: Omit<LogEntry, "at">): void {
  const all = [{ ...entry, at: Date.now() }, ...store.state.log];
  store.update({ log: all.slice(0, maxLogEntries) });
}
