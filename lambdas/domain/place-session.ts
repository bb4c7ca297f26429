import type { Connection } from "./ports.ts";

/** Where the caller has its place in the room: in the rooms it did not log in to, under its connection. */
export const placeSession = (self: Pick<Connection, "session" | "connectionId">, roomId: string) =>
  roomId.startsWith("@") ? self.connectionId : self.session;
