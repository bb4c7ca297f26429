import type { Transport } from "./member.ts";
import type { ResumePoint } from "./resume-point.ts";
import { isImplicit } from "./room.ts";

/** Patterns of rooms, from the token; `*` stands for any run of characters. */
export interface Grants {
  /** May log in to. */
  rooms: string[];
  /** May publish to. */
  publish: string[];
}

/** Who sent a frame, as the handshake's authorizer found it. */
export interface Caller {
  /** With `polling`, an id that no connection has: see `pollingConnectionId`. It too owns memberships and leases. */
  connectionId: string;
  transport: Transport;
  connectedAtMs: number;
  subject: string;
  grants: Grants;
  tokenExpiresAtMs: number;
  /** When the frame came in, by API Gateway's clock: frames that are handled side by side were sent in this order. */
  requestedAtMs?: number;
}

export interface Connection extends Caller {
  /** Owns the places in rooms. The connection's id until a `hello` says otherwise. */
  session: string;
  /** Whether the client answers `probe` frames. */
  probe: boolean;
  /** Whether the client acks, and wants again what it did not ack. */
  acks: boolean;
  /** Nonce of the last answered probe. */
  answeredNonce?: string;
}

/** A row past its `expiresAt` is absent to every reader; all reads by key see every earlier write. */
export interface Connections {
  put(connection: Caller): Promise<void>;
  get(connectionId: string): Promise<Connection | undefined>;
  /** `refused`: the connection already acts under another session. */
  identify(
    connectionId: string,
    as: Pick<Connection, "probe" | "acks"> & {
      /** The one that the client shows. */
      session: string | undefined;
      /** For a client that shows none and has not been given one on this connection. */
      newSession: string;
    },
  ): Promise<Connection | "refused" | "gone">;
  /** Notes that the connection is in the room, so that its end can leave it. */
  addRoom(connectionId: string, roomId: string): Promise<"done" | "full" | "gone">;
  removeRoom(connectionId: string, roomId: string): Promise<void>;
  recordAnswer(connectionId: string, nonce: string): Promise<void>;
  /** @returns the removed connection, the rooms it was in and where it stopped in that of everyone. */
  remove(connectionId: string): Promise<EndedConnection | undefined>;
}

export interface EndedConnection {
  subject: string;
  session: string;
  rooms: string[];
  resumePoint?: ResumePoint;
}

/** Where the caller has its place in the room: in the rooms it did not log in to, under its connection. */
export const sessionKey = (self: Pick<Connection, "session" | "connectionId">, roomId: string) =>
  isImplicit(roomId) ? self.connectionId : self.session;
