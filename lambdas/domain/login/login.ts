import type { CatchUp, LoginFrame } from "../../../protocol/frames.ts";
import { type LoginPolicy, loginPolicies } from "../../../protocol/ids.ts";
import { startPositionFor } from "../log/start-position.ts";
import type { Caller, Connection } from "../model/connection.ts";
import type { Deps } from "../model/deps.ts";
import { isGranted } from "../model/grants.ts";
import { loginFrame, loginReply } from "./login-reply.ts";
import { whenFirst } from "./policies/first.ts";
import { whenLast } from "./policies/last.ts";
import { type LoginResult, refuse } from "./policies/login-result.ts";
import type { ApplyPolicy } from "./policies/policy.ts";
import { whenever } from "./policies/whenever.ts";

/** The function of each policy. A policy without an entry does not compile. */
export const loginBy: Record<LoginPolicy, ApplyPolicy> = {
  loginWhenFirst: whenFirst,
  loginWhenLast: whenLast,
  loginWhenever: whenever,
};

export interface Login extends CatchUp {
  roomId: string;
  /** `loginWhenFirst` by default. */
  type?: LoginPolicy;
}

/** The frame `loginRoom`: logs the caller's session in to a room. */
export async function loginRoom(deps: Deps, caller: Caller, frame: Login): Promise<LoginFrame> {
  const { connectionId, requestedAtMs } = caller;
  const selfRead = deps.connections.get(connectionId).then((self) => self && { ...self, requestedAtMs });
  return logIn(deps, caller, frame, selfRead);
}

/**
 * The same for a caller whose connection the calling function has read already.
 *
 * @param selfRead may be pending: the policy starts without it, which saves a round trip
 */
export async function logIn(
  deps: Deps,
  caller: Caller,
  { roomId, type = loginPolicies[0], ...catchUp }: Login,
  selfRead: Promise<Connection | undefined>,
  budgetBytes?: number,
): Promise<LoginFrame> {
  const refusal = refusalOf(deps, caller, roomId);
  if (refusal) return loginFrame(roomId, refusal);
  const startPosition = startPositionFor(deps, roomId, caller.subject, catchUp);
  const result = await loginBy[type](deps, roomId, caller, selfRead, startPosition);
  const self = await selfRead;
  return self ? loginReply(deps, self, result, { roomId, catchUp, budgetBytes }) : loginFrame(roomId, result);
}

/** Why the caller's token forbids a login, whatever the state of the room; `undefined` if it does not. */
export function refusalOf({ now }: Pick<Deps, "now">, caller: Caller, roomId: string): LoginResult | undefined {
  if (caller.tokenExpiresAtMs <= now()) return refuse("the token has expired, connect again with a new one");
  if (!isGranted(caller.grants.rooms, roomId)) return refuse(`the token does not allow room ${roomId}`);
  return undefined;
}
