import type { MeteredStack } from "../metered-stack.ts";
import { Page } from "../page.ts";
import { addMembers, newRoom, pageInRoom, push } from "../rooms.ts";
import type { Operation } from "./operation.ts";

/** Acks, catch-up, ack checks and polls. */
export const receiving: Operation[] = [
  ...[1, 3].map((count) => ({
    name: count === 1 ? "ack, 1 room" : `ack, ${count} rooms`,
    budget: { roundTrips: 1 },
    prepare: async (stack: MeteredStack) => {
      const page = await new Page(stack).open();
      const acks: { roomId: string; epoch: string; seq: number }[] = [];
      for (const roomId of Array.from({ length: count }, () => newRoom(stack))) {
        const { epoch } = await page.request({ action: "loginRoom", roomId }, "loggedIn");
        await push(stack, roomId);
        acks.push({ roomId, epoch, seq: 1 });
      }
      return async () => {
        const reply = await page.send({ action: "ack", session: page.session, rooms: acks });
        if (reply) throw new Error(`the reply to an ack was ${JSON.stringify(reply)}`);
      };
    },
  })),
  {
    name: "replay of 100 messages",
    prepare: async (stack) => {
      const { page, roomId, position } = await pageBehind(stack, 100);
      const frame = { action: "replay", roomId, epoch: position.epoch, after: position.seq } as const;
      return async () => {
        const { missed } = await page.request(frame, "replayed");
        if (missed.length !== 100) throw new Error(`a replay returned ${missed.length} messages`);
      };
    },
  },
  {
    name: "hello after a reconnect, 100 messages missed",
    prepare: async (stack) => {
      const { page, roomId, position } = await pageBehind(stack, 100);
      await page.connect();
      return async () => {
        const rooms = await page.hello([{ roomId, generation: 0, since: position }]);
        const missed = rooms.flatMap((room) => room.missed ?? []).length;
        if (missed !== 100) throw new Error(`a hello returned ${missed} messages`);
      };
    },
  },
  ...[
    { count: 10, unacked: 0 },
    { count: 100, unacked: 0 },
    { count: 10, unacked: 1 },
  ].map(({ count, unacked }) => ({
    name: `ack check, ${count} members, ${unacked === 0 ? "all acked" : `${unacked} unacked`}`,
    prepare: async (stack: MeteredStack) => {
      const roomId = newRoom(stack);
      await addMembers(stack, roomId, count - unacked, 1);
      await addMembers(stack, roomId, unacked);
      stack.checks.length = 0;
      await push(stack, roomId);
      const check = stack.checks.pop();
      if (!check) throw new Error("the push scheduled no ack check");
      stack.nowMs += 5_000;
      return () => stack.check(check);
    },
  })),
  ...[0, 1].map((count) => ({
    name: `poll, 1 room, ${count === 0 ? "no messages" : "1 message"}`,
    prepare: async (stack: MeteredStack) => {
      const { claims } = new Page(stack);
      const roomId = newRoom(stack);
      const first = await poll(stack, claims, { rooms: [{ roomId }] });
      const rooms = first.rooms.map(({ roomId, generation, epoch, seq }) => ({
        roomId,
        since: { epoch, seq },
        ...(!roomId.startsWith("@") && { generation }),
      }));
      // The first poll with these positions writes them. All later polls find them.
      await poll(stack, claims, { session: first.session, rooms });
      if (count === 1) await push(stack, roomId);
      return async () => {
        const reply = await poll(stack, claims, { session: first.session, rooms });
        const missed = reply.rooms.flatMap((room) => room.missed ?? []).length;
        if (missed !== count) throw new Error(`a poll returned ${missed} messages`);
      };
    },
  })),
];

/** A page in a room with messages that the page has not acked. */
async function pageBehind(stack: MeteredStack, messages: number) {
  const behind = await pageInRoom(stack);
  for (let sent = 0; sent < messages; sent += 1) await push(stack, behind.roomId);
  return behind;
}

interface PollReply {
  session: string;
  rooms: { roomId: string; generation: number; epoch: string; seq: number; missed?: object[] }[];
}
async function poll(stack: MeteredStack, ...args: Parameters<MeteredStack["poll"]>): Promise<PollReply> {
  const { statusCode, body } = await stack.poll(...args);
  if (statusCode !== 200) throw new Error(`the response to a poll was ${body}`);
  return JSON.parse(body);
}
