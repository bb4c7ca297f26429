import type { CatchUp, LoginFrame } from "../../../protocol/frames.ts";
import { type LoginPolicy, loginPolicies } from "../../../protocol/ids.ts";
import { beginBy } from "../log/start-position.ts";
import type { Caller, Connection } from "../model/connection.ts";
import type { Deps } from "../model/deps.ts";
import { welcome } from "./login-reply.ts";
import { loginFrame } from "./login-result.ts";
import { enterFirst } from "./policies/first.ts";
import { enterLast } from "./policies/last.ts";
import type { Enter } from "./policies/policy.ts";
import { enterAlways } from "./policies/whenever.ts";
import { refusalOf } from "./refusal.ts";

// A policy that is missing here does not compile.
const enterBy: Record<LoginPolicy, Enter> = {
  loginWhenFirst: enterFirst,
  loginWhenLast: enterLast,
  loginWhenever: enterAlways,
};

export interface Login extends CatchUp {
  roomId: string;
  type?: LoginPolicy;
}

/** Logs the caller's session in to a room by the frame's policy. */
export async function loginRoom(deps: Deps, caller: Caller, frame: Login): Promise<LoginFrame> {
  const { connectionId, askedAtMs } = caller;
  const selfRead = deps.connections.get(connectionId).then((self) => self && { ...self, askedAtMs });
  return logIn(deps, caller, frame, selfRead);
}

/** The same for a caller that is known already, or still being read. */
export async function logIn(
  deps: Deps,
  caller: Caller,
  { roomId, type = loginPolicies[0], ...wish }: Login,
  selfRead: Promise<Connection | undefined>,
  budgetBytes?: number,
): Promise<LoginFrame> {
  const refusal = refusalOf(deps, caller, roomId);
  if (refusal) return loginFrame(roomId, refusal);
  const entry = await enterBy[type](deps, roomId, caller, selfRead, beginBy(deps, roomId, caller.subject, wish));
  const self = await selfRead;
  return entry.kind === "in" && self
    ? welcome(deps, self, roomId, roomId, entry, wish, budgetBytes)
    : loginFrame(roomId, entry);
}
