import { post } from "../delivery/post.ts";
import { frameText } from "../frame-text.ts";
import type { Deps } from "../ports.ts";
import { isPoller } from "./poller.ts";

/** How long a client that answers probes has for it. */
export const probeWithinMs = 2_000;
const pausesMs = [30, 60, 120, 250];

/**
 * Whether somebody is at the other end. API Gateway calls a connection open for minutes after its line went dead, so a
 * client that said it answers probes is asked itself. Others are taken at API Gateway's word.
 */
export async function isLive(
  deps: Pick<Deps, "connections" | "gateway" | "now" | "wait" | "random" | "newId">,
  connectionId: string,
): Promise<boolean> {
  const { connections, gateway, now, wait, newId } = deps;
  // A place whose lease ran out is absent to every reader.
  if (isPoller(connectionId)) return true;
  const [isOpen, before] = await Promise.all([gateway.isOpen(connectionId), connections.get(connectionId)]);
  if (!isOpen || !before) return false;
  if (!before.probe) return true;
  const probe = frameText({ type: "probe", eventName: "probe", data: {}, nonce: newId() });
  if ((await post(deps, connectionId, probe)) === "gone") return false;
  const until = now() + probeWithinMs;
  for (let asked = 0; now() < until; asked += 1) {
    await wait(Math.min(pausesMs[asked] ?? 250, until - now()));
    const after = await connections.get(connectionId);
    if (!after) return false;
    // Any new answer proves life, also one to somebody who asks at the same time.
    if (after.answered !== before.answered) return true;
  }
  return false;
}
