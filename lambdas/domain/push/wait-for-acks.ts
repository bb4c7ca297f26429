import type { WaitFor } from "../../../protocol/push.ts";
import type { Deps } from "../model/deps.ts";
import type { PushRecord } from "../model/push-record.ts";
import { ackingUsers, type StatusDeps } from "./status.ts";

/** The first pauses between two readings; later ones are `maxPauseMs`. */
const pausesMs = [50, 100, 200, 400];
const maxPauseMs = 500;

/**
 * Waits until `acks` users have acked or `withinMs` have passed. A user counts once in each room. In a large room it reads
 * only as many members as it needs.
 *
 * @returns how many users have acked; in a large room, as many as were found by then
 */
export async function waitForAcks(
  deps: StatusDeps & Pick<Deps, "wait">,
  records: readonly PushRecord[],
  { acks, withinMs }: WaitFor,
): Promise<{ reached: boolean; acks: number }> {
  const untilMs = deps.now() + withinMs;
  const isEnough = (acked: number) => acked >= acks || deps.now() >= untilMs;
  // A user that has acked once stays counted: the ack may move to another row, and a partial reading may miss it.
  const ackedBy = records.map(() => new Set<string>());
  for (let readings = 0; ; readings += 1) {
    const startedAtMs = deps.now();
    const found = await Promise.all(records.map((record) => ackingUsers(deps, record, isEnough)));
    for (const [i, users] of found.entries()) for (const subject of users.ackedBy) ackedBy[i]?.add(subject);
    const acked = ackedBy.reduce((sum, { size }) => sum + size, 0);
    const leftMs = untilMs - deps.now();
    if (acked >= acks || leftMs <= 0) return { reached: acked >= acks, acks: acked };
    // A large room takes long to read, so it is read less often.
    const pauseMs = Math.max(pausesMs[readings] ?? maxPauseMs, 4 * (deps.now() - startedAtMs));
    await deps.wait(Math.min(pauseMs, leftMs));
  }
}
