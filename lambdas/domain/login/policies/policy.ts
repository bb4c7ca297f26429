import type { Begin } from "../../log/start-position.ts";
import type { Caller, Connection } from "../../model/connection.ts";
import type { Deps } from "../../model/deps.ts";
import type { Entry } from "../login-result.ts";

/** A way into a room. `self` is still being read when a policy begins, which saves a round trip. */
export type Enter = (
  deps: Deps,
  roomId: string,
  caller: Pick<Caller, "connectionId">,
  self: Promise<Connection | undefined>,
  begin: Begin,
) => Promise<Entry>;
