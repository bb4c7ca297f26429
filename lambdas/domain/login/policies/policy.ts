import type { StartPosition } from "../../log/start-position.ts";
import type { Caller, Connection } from "../../model/connection.ts";
import type { Deps } from "../../model/deps.ts";
import type { LoginResult } from "./login-result.ts";

/** A way into a room. `self` is still being read when a policy begins, which saves a round trip. */
export type ApplyPolicy = (
  deps: Deps,
  roomId: string,
  caller: Pick<Caller, "connectionId" | "transport">,
  self: Promise<Connection | undefined>,
  startPosition: StartPosition,
) => Promise<LoginResult>;
