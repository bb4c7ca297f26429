import { crowd } from "../crowd.ts";
import type { Backend } from "../metered-stack.ts";
import { Page } from "../page.ts";
import { newRoom, pageInRoom, push } from "../rooms.ts";
import type { Operation } from "./operation.ts";

/** What is acked, caught up, sent again and polled. */
export const receiving: Operation[] = [
  ...[1, 3].map((count) => ({
    name: count === 1 ? "ack, 1 room" : `ack, ${count} rooms`,
    budget: { roundTrips: 1 },
    prepare: async (backend: Backend) => {
      const page = await new Page(backend).open();
      const rooms = Array.from({ length: count }, () => newRoom(backend));
      const acks: { roomId: string; epoch: string; seq: number }[] = [];
      for (const roomId of rooms) {
        const { epoch } = await page.ask({ action: "loginRoom", roomId }, "loggedIn");
        await push(backend, roomId);
        acks.push({ roomId, epoch, seq: 1 });
      }
      return async () => {
        const reply = await page.send({ action: "ack", session: page.session, rooms: acks });
        if (reply) throw new Error(`an ack was answered by ${JSON.stringify(reply)}`);
      };
    },
  })),
  {
    name: "replay, 100 messages missed",
    prepare: async (backend) => {
      const { page, roomId, at } = await pageBehind(backend, 100);
      return async () => {
        const { missed } = await page.ask({ action: "replay", roomId, epoch: at.epoch, after: at.seq }, "replayed");
        if (missed.length !== 100) throw new Error(`a replay brought ${missed.length} messages`);
      };
    },
  },
  {
    name: "hello with since, 100 messages missed in a room",
    prepare: async (backend) => {
      const { page, roomId, at } = await pageBehind(backend, 100);
      await page.connect();
      return async () => {
        const rooms = await page.hello([{ roomId, generation: 0, since: at }]);
        const missed = rooms.flatMap((room) => room.missed ?? []).length;
        if (missed !== 100) throw new Error(`a hello brought ${missed} messages`);
      };
    },
  },
  ...[
    { count: 10, lagging: 0 },
    { count: 100, lagging: 0 },
    { count: 10, lagging: 1 },
  ].map(({ count, lagging }) => ({
    name: `redelivery's look, ${lagging === 0 ? `all ${count} have acked` : `1 of ${count} lags`}`,
    prepare: async (backend: Backend) => {
      const roomId = newRoom(backend);
      await crowd(backend, roomId, count - lagging, 1);
      await crowd(backend, roomId, lagging);
      backend.checks.length = 0;
      await push(backend, roomId);
      const check = backend.checks.pop();
      if (!check) throw new Error("no look was ordered");
      backend.nowMs += 5_000;
      return () => backend.check(check);
    },
  })),
  ...[0, 1].map((news) => ({
    name: `poll, 1 room, ${news === 0 ? "no news" : "1 message"}`,
    prepare: async (backend: Backend) => {
      const { claims } = new Page(backend);
      const roomId = newRoom(backend);
      const first = await poll(backend, claims, { rooms: [{ roomId }] });
      const rooms = first.rooms.map(({ roomId, generation, epoch, seq }) => ({
        roomId,
        since: { epoch, seq },
        ...(!roomId.startsWith("@") && { generation }),
      }));
      // What a page says for the first time is written, and found by all polls behind it.
      await poll(backend, claims, { session: first.session, rooms });
      if (news === 1) await push(backend, roomId);
      return async () => {
        const { rooms: answers } = await poll(backend, claims, { session: first.session, rooms });
        const missed = answers.flatMap((room) => room.missed ?? []).length;
        if (missed !== news) throw new Error(`a poll brought ${missed} messages`);
      };
    },
  })),
];

/** A page in a room, and messages there that the page has not acked. */
async function pageBehind(backend: Backend, messages: number) {
  const behind = await pageInRoom(backend);
  for (let sent = 0; sent < messages; sent += 1) await push(backend, behind.roomId);
  return behind;
}

interface Polled {
  session: string;
  rooms: { roomId: string; generation: number; epoch: string; seq: number; missed?: object[] }[];
}
async function poll(backend: Backend, ...asked: Parameters<Backend["poll"]>): Promise<Polled> {
  const { statusCode, body } = await backend.poll(...asked);
  const answer = JSON.parse(body);
  if (statusCode !== 200) throw new Error(`a poll was answered ${body}`);
  return answer;
}
