import type { Deps } from "../../model/deps.ts";
import { isPolling } from "../../model/polling.ts";
import { post } from "../../send/post.ts";
import { serializeFrame } from "../../wire/serialize.ts";

/** How long a client that answers probes has for it. */
export const probeWithinMs = 2_000;
const pausesMs = [30, 60, 120, 250];
/** A lost probe must not cost somebody their room, so who is silent is asked once more, at half time. */
const maxProbes = 2;

type ProbeDeps = Pick<Deps, "connections" | "gateway" | "now" | "wait" | "random" | "newId">;

/**
 * Whether somebody is at the other end. API Gateway calls a connection open for minutes after its line went dead, so a
 * client that said it answers probes is asked itself. Others are taken at API Gateway's word.
 */
export async function isLive(deps: ProbeDeps, connectionId: string): Promise<boolean> {
  const { connections, gateway, newId } = deps;
  // A place whose lease ran out is absent to every reader.
  if (isPolling(connectionId)) return true;
  const [isOpen, before] = await Promise.all([gateway.isOpen(connectionId), connections.get(connectionId)]);
  if (!isOpen || !before) return false;
  if (!before.probe) return true;
  for (let probes = 1; probes <= maxProbes; probes += 1) {
    const probe = serializeFrame({ type: "probe", eventName: "probe", data: {}, nonce: newId() });
    // A 410 may be wrong, so it needs a second witness.
    if ((await post(deps, connectionId, probe)) === "gone" && !(await gateway.isOpen(connectionId))) return false;
    const life = await lifeWithin(deps, connectionId, before.answeredNonce, probeWithinMs / maxProbes);
    if (life !== "silent") return life === "answers";
  }
  return false;
}

/** @param answeredNonce the answer known already; any other proves life, also one to somebody who asks at the same time */
async function lifeWithin(
  { connections, now, wait }: ProbeDeps,
  connectionId: string,
  answeredNonce: string | undefined,
  withinMs: number,
): Promise<"answers" | "ended" | "silent"> {
  const until = now() + withinMs;
  for (let checks = 0; now() < until; checks += 1) {
    await wait(Math.min(pausesMs[checks] ?? 250, until - now()));
    const after = await connections.get(connectionId);
    if (!after) return "ended";
    if (after.answeredNonce !== answeredNonce) return "answers";
  }
  return "silent";
}
