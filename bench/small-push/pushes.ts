import type { Deps } from "../../lambdas/domain/model/deps.ts";
import type { Member } from "../../lambdas/domain/model/member.ts";
import type { Room } from "../../lambdas/domain/model/room.ts";
import { push } from "../../lambdas/domain/push/push.ts";

const nowMs = Date.now();
const room: Room = {
  ...{ roomId: "456", epoch: "k3f9x2a", seq: 12, generation: 0, loginCount: 2 },
  ...{ openedAtMs: nowMs - 60_000, lastAtMs: nowMs - 10_000, ackCheckAtMs: 0 },
};
const memberOf = (session: string): Member => ({
  ...{ session, connectionId: `L0SM9c${session}=`, connectedAtMs: nowMs - 60_000, subject: `user-${session}` },
  ...{ generation: 0, holdsLease: false, cursor: { epoch: "k3f9x2a", seq: 11 }, hasAcked: true, acks: true },
  ...{ redeliveries: 0, redeliveredAtMs: 0, exhaustedSeq: 0 },
});
const members = [memberOf("00000001"), memberOf("00000002")];
const request = { rooms: ["456"], eventName: "test", rawData: JSON.stringify("x".repeat(120)), qos: 1 as const };

/** Ports that respond at once, and count posts. */
export function stubDeps(onPost: () => void): Deps {
  let ids = 0;
  const stub = {
    rooms: { nextSeq: async () => room, recordAckCheck: async () => {} },
    members: { first: async () => ({ members, share: 1 }) },
    log: { append: async () => "done" },
    pushes: { finish: async () => {} },
    gateway: {
      post: async () => {
        onPost();
        return "sent";
      },
    },
    enqueueTasks: async () => {},
    scheduleAckCheck: async () => {},
    fanOut: { postsPerSecond: 3_150, workers: 4 },
    redeliverAfterMs: 5_000,
    payloads: { urlOf: () => "" },
    now: () => nowMs,
    newId: () => {
      ids += 1;
      return `${ids}`.padStart(22, "0");
    },
  };
  return stub as unknown as Deps;
}

/** A push to a room of two. */
export const pushes: Record<string, (deps: Deps) => Promise<unknown>> = {
  ours: (deps) => push(deps, request),

  /** The control: the same calls of the ports, and one frame, without the domain's rules. */
  async control({ rooms, members, log, pushes, gateway, scheduleAckCheck, now, newId }) {
    const { eventName, rawData } = request;
    const [messageId, atMs] = [newId(), now()];
    const { roomId, epoch, seq } = await rooms.nextSeq("456");
    const message = { roomId, messageId, eventName, rawData, atMs, epoch, seq };
    const [, first] = await Promise.all([log.append(message), members.first(roomId, 250)]);
    const head = JSON.stringify({ type: "message", eventName, roomId, messageId, epoch, seq, atMs });
    const frame = `${head.slice(0, -1)},"data":${rawData}}`;
    const schedule = async () => {
      await scheduleAckCheck({ kind: "room", roomId, hop: 0 }, 5_000);
      await rooms.recordAckCheck(roomId, atMs + 5_000);
    };
    await Promise.all([schedule(), ...first.members.map(({ connectionId }) => gateway.post(connectionId, frame))]);
    await pushes.finish(messageId, { roomId, atMs, epoch, seq, done: true });
  },
};
