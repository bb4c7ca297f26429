import { admit } from "./admit.ts";
import type { LoginResult } from "./login-result.ts";
import { connectionGone, tooBusy } from "./login-result.ts";
import type { ApplyPolicy } from "./policy.ts";

/** Each attempt fails only if another login evicts the members during it. */
const attempts = 20;

/** `loginWhenever`: always succeeds, beside the other members. */
export const whenever: ApplyPolicy = async (deps, roomId, _caller, selfRead, startPosition): Promise<LoginResult> => {
  const [before, self] = await Promise.all([deps.rooms.open(roomId), selfRead]);
  if (!self) return connectionGone;
  const from = await startPosition(before);
  let { generation } = before;
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const result = await admit(
      deps,
      roomId,
      self,
      { generation, holdsLease: false, ownSince: generation },
      from,
      from.seq,
    );
    if (result.kind !== "in") return result;
    // Counted after the membership is written. An eviction before the count shows in the count's result. A later one
    // either reads the membership or fails, because the count has changed.
    const room = await deps.rooms.countLogin(roomId);
    if (room.generation === generation) return { ...result, head: room.seq, room };
    generation = room.generation;
  }
  return tooBusy;
};
