import type { FrameOf, LoginFrame } from "../../protocol/frames.ts";
import { type LoginPolicy, loginPolicies } from "../../protocol/ids.ts";
import { enterAlways } from "./enter-always.ts";
import { enterFirst } from "./enter-first.ts";
import { enterLast } from "./enter-last.ts";
import { type Enter, loginFrame, refusalOf } from "./entry.ts";
import type { Caller, Deps } from "./ports.ts";

// A policy that is missing here does not compile.
const enterBy: Record<LoginPolicy, Enter> = {
  loginWhenFirst: enterFirst,
  loginWhenLast: enterLast,
  loginWhenever: enterAlways,
};

/** Logs the caller's session in to a room by the frame's policy. */
export async function loginRoom(
  deps: Deps,
  caller: Caller,
  { roomId, type = loginPolicies[0] }: Pick<FrameOf<"loginRoom">, "roomId" | "type">,
): Promise<LoginFrame> {
  const refusal = refusalOf(deps, caller, roomId);
  if (refusal) return loginFrame(roomId, refusal);
  return loginFrame(roomId, await enterBy[type](deps, roomId, caller, deps.connections.get(caller.connectionId)));
}
