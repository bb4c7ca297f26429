import type { StartPosition } from "../../log/start-position.ts";
import type { Caller, Connection } from "../../model/connection.ts";
import type { Deps } from "../../model/deps.ts";
import type { LoginResult } from "./login-result.ts";

/**
 * Decides about a login to a room, and writes its outcome.
 *
 * @param self may be pending when the policy starts, which saves a round trip; `undefined` if the connection has ended
 */
export type ApplyPolicy = (
  deps: Deps,
  roomId: string,
  caller: Pick<Caller, "connectionId" | "transport">,
  self: Promise<Connection | undefined>,
  startPosition: StartPosition,
) => Promise<LoginResult>;
