import type { Deps } from "../../model/deps.ts";
import type { Member } from "../../model/member.ts";
import { isPolling } from "../../model/polling.ts";
import { post } from "../../send/post.ts";
import { serializeFrame } from "../../wire/serialize.ts";

/** The time that a client has to answer, over all probes. */
export const probeWithinMs = 2_000;
/** The pauses between reads of the connection's row. Later ones are `maxPauseMs`. */
const pausesMs = [30, 60, 120];
const maxPauseMs = 250;
/** A post may be lost, so a silent client is probed again at half time. */
const maxProbes = 2;

type ProbeDeps = Pick<Deps, "connections" | "gateway" | "now" | "wait" | "random" | "newId">;

/**
 * Whether a member's client is still there.
 *
 * | member | evidence |
 * | --- | --- |
 * | polling | its lease, which has not expired |
 * | its client answers probes | an answer to a probe, as API Gateway reports a dead connection as open for minutes |
 * | any other | API Gateway's `GetConnection` |
 */
export async function isLive(deps: ProbeDeps, member: Pick<Member, "connectionId" | "transport">): Promise<boolean> {
  const { connections, gateway, newId } = deps;
  const { connectionId } = member;
  // Readers treat a membership whose lease has expired as absent.
  if (isPolling(member)) return true;
  const [isOpen, before] = await Promise.all([gateway.isOpen(connectionId), connections.get(connectionId)]);
  if (!isOpen || !before) return false;
  if (!before.probe) return true;
  for (let probes = 1; probes <= maxProbes; probes += 1) {
    const probe = serializeFrame({ type: "probe", eventName: "probe", data: {}, nonce: newId() });
    // A 410 can follow a post that arrived, so `GetConnection` has to confirm it.
    if ((await post(deps, connectionId, probe)) === "gone" && !(await gateway.isOpen(connectionId))) return false;
    const state = await answerWithin(deps, connectionId, before.answeredNonce, probeWithinMs / maxProbes);
    if (state !== "silent") return state === "answered";
  }
  return false;
}

/** @param answeredNonce the nonce known before. Any other one is proof, also an answer to a probe of a concurrent login. */
async function answerWithin(
  { connections, now, wait }: ProbeDeps,
  connectionId: string,
  answeredNonce: string | undefined,
  withinMs: number,
): Promise<"answered" | "ended" | "silent"> {
  const endMs = now() + withinMs;
  for (let checks = 0; now() < endMs; checks += 1) {
    await wait(Math.min(pausesMs[checks] ?? maxPauseMs, endMs - now()));
    const after = await connections.get(connectionId);
    if (!after) return "ended";
    if (after.answeredNonce !== answeredNonce) return "answered";
  }
  return "silent";
}
