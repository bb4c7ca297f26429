import type { LoginFrame, RoomToRestore } from "../../protocol/frames.ts";
import { enterAlways } from "./enter-always.ts";
import { enterFirst, resumePlace } from "./enter-first.ts";
import { type Entry, loginFrame, refusalOf, tooBusy } from "./entry.ts";
import { isCurrent } from "./evict.ts";
import { loginRoom } from "./login-room.ts";
import type { Connection, Deps } from "./ports.ts";

const attempts = 5;

/**
 * Gives a session that comes back its place in a room again. Restoring never evicts anybody: a place that is still
 * there is taken back; one that somebody took by a newer generation is lost (2005); one that just ended is entered
 * anew if the room is free, or always by `loginWhenever`. Without `generation` it is a first login.
 */
export async function restoreRoom(deps: Deps, self: Connection, room: RoomToRestore): Promise<LoginFrame> {
  const { roomId, generation } = room;
  if (generation === undefined) return loginRoom(deps, self, room);
  const entry = refusalOf(deps, self, roomId) ?? (await restore(deps, self, room, generation));
  return loginFrame(roomId, entry);
}

async function restore(
  deps: Deps,
  self: Connection,
  { roomId, type }: RoomToRestore,
  generation: number,
): Promise<Entry> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const [room, mine] = await Promise.all([deps.rooms.open(roomId), deps.members.get(roomId, self.session)]);
    if (room.generation > generation) {
      await deps.members.evict(roomId, self.session, room.generation);
      return { kind: "evicted", generation: room.generation };
    }
    if (!mine || !isCurrent(mine, room) || mine.subject !== self.subject) {
      const enter = type === "loginWhenever" ? enterAlways : enterFirst;
      return enter(deps, roomId, self, Promise.resolve(self));
    }
    const entry = await resumePlace(deps, room, self, mine);
    if (entry !== "changed") return entry;
  }
  return tooBusy;
}
