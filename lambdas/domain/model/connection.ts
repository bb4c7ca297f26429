import type { Transport } from "./polling.ts";
import type { ResumePoint } from "./resume-point.ts";
import { isImplicit } from "./room.ts";

/** Patterns of room ids, from the token. `*` stands for any sequence of characters. */
export interface Grants {
  /** Rooms that the subject may log in to. */
  rooms: string[];
  /** Rooms that the subject may publish to. */
  publish: string[];
}

/** The sender of a frame, as the handshake's authorizer identified it. */
export interface Caller {
  /** With `polling`, an id that no connection has: see `pollingConnectionId`. It too owns memberships and leases. */
  connectionId: string;
  transport: Transport;
  connectedAtMs: number;
  subject: string;
  grants: Grants;
  tokenExpiresAtMs: number;
  /** When the frame arrived, by API Gateway's clock: the order of frames that are handled concurrently. */
  requestedAtMs?: number;
}

export interface Connection extends Caller {
  /** Owns the memberships. It is the connection's id until a `hello` names or creates a session. */
  session: string;
  /** Whether the client answers `probe` frames. */
  probe: boolean;
  /** Whether the client acks. Only then messages are redelivered to it. */
  acks: boolean;
  /** Nonce of the last probe that the client answered. */
  answeredNonce?: string;
}

/** All connections. A connection is absent once it has expired. Reads are strongly consistent. */
export interface Connections {
  put(connection: Caller): Promise<void>;
  get(connectionId: string): Promise<Connection | undefined>;
  /**
   * Sets the connection's session. `refused`: it already has another one, or has logged in to a room without a session.
   * `gone`: there is no such connection.
   */
  identify(
    connectionId: string,
    as: Pick<Connection, "probe" | "acks"> & {
      /** The session that the client sent. */
      session: string | undefined;
      /** For a client that sent none, and has none on this connection yet. */
      newSession: string;
    },
  ): Promise<Connection | "refused" | "gone">;
  /**
   * Records that the connection is in the room, so that its end can end the membership. `full`: it is in
   * `limits.roomsPerConnection` rooms already.
   */
  addRoom(connectionId: string, roomId: string): Promise<"done" | "full" | "gone">;
  removeRoom(connectionId: string, roomId: string): Promise<void>;
  /** Records the nonce of a probe that the client answered. */
  recordAnswer(connectionId: string, nonce: string): Promise<void>;
  /** @returns the removed connection with its rooms, and its resume point in the room of everyone */
  remove(connectionId: string): Promise<EndedConnection | undefined>;
}

export interface EndedConnection {
  subject: string;
  session: string;
  rooms: string[];
  resumePoint?: ResumePoint;
}

/** The key of the caller's membership: its session, or its connection in `@all` and `@user`. */
export const sessionKey = (self: Pick<Connection, "session" | "connectionId">, roomId: string) =>
  isImplicit(roomId) ? self.connectionId : self.session;
