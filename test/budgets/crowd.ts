import type { Backend } from "./metered-stack.ts";

/** Members written at once. */
const atOnce = 50;

/** Fills a room with members that ack, and have everything up to `seq`. @returns their connections' ids */
export async function crowd(backend: Backend, roomId: string, count: number, seq = 0): Promise<string[]> {
  const { members, rooms } = backend.depsOf("socket")();
  const { epoch, generation } = await rooms.open(roomId);
  const ids = Array.from({ length: count }, () => `${backend.newId().slice(-15)}=`);
  for (let from = 0; from < count; from += atOnce) {
    await Promise.all(
      ids.slice(from, from + atOnce).map(async (connectionId) => {
        const who = {
          session: backend.newId(),
          connectionId,
          connectedAtMs: backend.nowMs,
          subject: `staff-${backend.newId()}`,
        };
        await members.put(roomId, { ...who, generation, holdsLease: false, cursor: { epoch, seq } });
        backend.lines.set(connectionId, () => {});
      }),
    );
  }
  return ids;
}
