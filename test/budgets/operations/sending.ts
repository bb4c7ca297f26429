import type { MeteredStack } from "../metered-stack.ts";
import { Page } from "../page.ts";
import { addMembers, connectPages, message, pageInRoom, push, roomOf } from "../rooms.ts";
import type { Operation } from "./operation.ts";

const members = (count: number) => (count === 1 ? "1 member" : `${count.toLocaleString("en")} members`);
const budget = { roundTripsToPost: 2 };

/** Pushes of services and publishes of pages. */
export const sending: Operation[] = [
  ...[1, 10, 100].map((count) => ({ name: `push to ${members(count)}`, budget, ...pushTo(count) })),
  {
    name: "push to 10 members, ack check already scheduled",
    budget,
    prepare: async (stack) => {
      const roomId = await roomOf(stack, 10);
      await push(stack, roomId);
      return () => push(stack, roomId);
    },
  },
  { name: "push with messageId to 10 members", ...pushTo(10, { messageId: "order-A-2024-118312-packed" }) },
  ...[1, 100].map((count) => ({ name: `push at qos 0 to ${members(count)}`, budget, ...pushTo(count, { qos: 0 }) })),
  // These go through the fan-out queue and have no budget.
  { name: `push to ${members(1_000)}`, ...pushTo(1_000) },
  { name: `push at qos 0 to ${members(1_000)}`, ...pushTo(1_000, { qos: 0 }) },
  ...([0, 1] as const).map((qos) => ({
    name: `push at qos ${qos} to everyone, 100 connections`,
    needsEmptyTables: true as const,
    prepare: async (stack: MeteredStack) => {
      await connectPages(stack, 100);
      return () => push(stack, undefined, { qos });
    },
  })),
  {
    name: "publish to a room of 10",
    prepare: async (stack) => {
      const { page, roomId } = await pageInRoom(stack);
      await addMembers(stack, roomId, 9);
      const frame = { action: "publish", roomId, ...message, clientMessageId: stack.newId() } as const;
      return () => page.request(frame, "published");
    },
  },
  {
    name: "publish to a user, one session each",
    prepare: async (stack) => {
      const [page, other] = [await new Page(stack).open(), await new Page(stack).open()];
      const toUser = other.claims.subject;
      const frame = { action: "publish", toUser, ...message, clientMessageId: stack.newId() } as const;
      return () => page.request(frame, "published");
    },
  },
];

function pushTo(count: number, options: { qos?: 0; messageId?: string } = {}): Pick<Operation, "prepare"> {
  return {
    prepare: async (stack) => {
      const roomId = await roomOf(stack, count);
      return () => push(stack, roomId, options);
    },
  };
}
