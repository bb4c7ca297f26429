import fc from "fast-check";
import { expect, test } from "vitest";
import { ownRoom } from "../../protocol/ids.ts";
import { LogServer } from "./support/log-server.ts";

const rooms = ["456", "@all", ownRoom];
/** Events between server and page. `at` selects a message. */
const happening = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("post" as const), room: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("lose" as const), room: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("void" as const), room: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("delay" as const), room: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("arrive" as const), at: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("again" as const), room: fc.nat(2), at: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("redeliver" as const),
      room: fc.nat(2),
      at: fc.nat(),
      hasHole: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("staleReplay" as const), room: fc.nat(2), at: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 50, max: 1_500 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("drop" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("mute" as const) }) },
);

test("the page receives each logged message exactly once and in order, despite losses, duplicates, delays, empty positions and redeliveries", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { maxLength: 40 }), async (happenings) => {
      const server = new LogServer();
      const handle = server.handle({ heartbeatMs: 5_000 });
      const received: Record<string, unknown[]> = { "456": [], "@all": [], [ownRoom]: [] };
      handle.listen("test", (data, { roomId = "@all" }) => received[roomId]?.push(data));
      await handle.loginRoom("456");
      const underWay: Parameters<typeof server.last.deliver>[0][] = [];
      let count = 0;
      for (const now of happenings) {
        const roomId = "room" in now ? (rooms[now.room] ?? "") : "";
        const kept = server.kept(roomId);
        if (now.do === "wait") await server.clock.advance(now.ms);
        else if (now.do === "drop") server.last.drop();
        else if (now.do === "mute")
          server.onFrame = (frame) => (frame.action === "replay" ? undefined : server.answer(frame));
        else if (now.do === "void") server.skip(roomId);
        else if (now.do === "arrive") {
          const [frame] = underWay.splice(now.at % Math.max(1, underWay.length), 1);
          if (frame) await server.last.deliver(frame);
        } else if (now.do === "again") {
          const again = kept[now.at % Math.max(1, kept.length)];
          if (again) await server.last.deliver(again);
        } else if (now.do === "redeliver") {
          const acked = server.acked.get(roomId) ?? 0;
          const waiting = kept.filter(({ seq = 0 }) => seq > acked);
          const missed = now.hasHole ? waiting.filter((_, i) => i !== now.at % waiting.length) : waiting;
          await server.last.deliver({ ...server.replayed(roomId, acked), missed, upTo: acked, more: undefined });
        } else if (now.do === "staleReplay") {
          // A delayed response.
          const after = now.at % ((server.logs.get(roomId)?.length ?? 0) + 1);
          underWay.push({ ...server.replayed(roomId, after), ref: `${after}` });
        } else {
          count += 1;
          const posted = server.log(roomId, count);
          if (now.do === "post") await server.last.deliver(posted);
          if (now.do === "delay") underWay.push(posted);
        }
      }
      server.onFrame = (frame) => server.answer(frame);
      server.last.drop();
      await server.clock.advance(60_000);
      for (const roomId of rooms) {
        expect(received[roomId]).toEqual(server.kept(roomId).map(({ data }) => data));
        const head = server.logs.get(roomId)?.length ?? 0;
        const since = server
          .receivedOf("hello")
          .at(-1)
          ?.rooms?.find((room) => room.roomId === roomId)?.since;
        const known = Math.max(server.acked.get(roomId) ?? 0, (since as { seq: number } | undefined)?.seq ?? 0);
        expect(known).toBe(head);
      }
      handle.close();
      expect(server.clock.running).toBe(0);
    }),
    { numRuns: 300 },
  );
}, 60_000);
