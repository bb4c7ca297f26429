import type { Caller } from "../model/connection.ts";
import type { Deps } from "../model/deps.ts";
import { isGranted } from "../model/grants.ts";
import { type LoginResult, refuse } from "./policies/login-result.ts";

/** What forbids a login whatever the room's state, or `undefined`. */
export function refusalOf({ now }: Pick<Deps, "now">, caller: Caller, roomId: string): LoginResult | undefined {
  if (caller.tokenExpiresAtMs <= now()) return refuse("the token has expired, connect again with a new one");
  if (!isGranted(caller.grants.rooms, roomId)) return refuse(`the token does not allow room ${roomId}`);
  return undefined;
}
