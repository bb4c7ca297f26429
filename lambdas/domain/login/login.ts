import type { CatchUp, LoginFrame } from "../../../protocol/frames.ts";
import { type LoginPolicy, loginPolicies } from "../../../protocol/ids.ts";
import { startPositionFor } from "../log/start-position.ts";
import type { Caller, Connection } from "../model/connection.ts";
import type { Deps } from "../model/deps.ts";
import { loginReply } from "./login-reply.ts";
import { whenFirst } from "./policies/first.ts";
import { whenLast } from "./policies/last.ts";
import { loginFrame } from "./policies/login-result.ts";
import type { ApplyPolicy } from "./policies/policy.ts";
import { whenever } from "./policies/whenever.ts";
import { refusalOf } from "./refusal.ts";

// A policy that is missing here does not compile.
const policies: Record<LoginPolicy, ApplyPolicy> = {
  loginWhenFirst: whenFirst,
  loginWhenLast: whenLast,
  loginWhenever: whenever,
};

export interface Login extends CatchUp {
  roomId: string;
  type?: LoginPolicy;
}

/** Logs the caller's session in to a room by the frame's policy. */
export async function loginRoom(deps: Deps, caller: Caller, frame: Login): Promise<LoginFrame> {
  const { connectionId, requestedAtMs } = caller;
  const selfRead = deps.connections.get(connectionId).then((self) => self && { ...self, requestedAtMs });
  return logIn(deps, caller, frame, selfRead);
}

/** The same for a caller that is known already, or still being read. */
export async function logIn(
  deps: Deps,
  caller: Caller,
  { roomId, type = loginPolicies[0], ...catchUp }: Login,
  selfRead: Promise<Connection | undefined>,
  budgetBytes?: number,
): Promise<LoginFrame> {
  const refusal = refusalOf(deps, caller, roomId);
  if (refusal) return loginFrame(roomId, refusal);
  const result = await policies[type](
    deps,
    roomId,
    caller,
    selfRead,
    startPositionFor(deps, roomId, caller.subject, catchUp),
  );
  const self = await selfRead;
  return result.kind === "in" && self
    ? loginReply(deps, self, roomId, roomId, result, catchUp, budgetBytes)
    : loginFrame(roomId, result);
}
