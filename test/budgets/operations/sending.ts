import { crowd } from "../crowd.ts";
import type { Backend } from "../metered-stack.ts";
import { Page } from "../page.ts";
import { message, pageInRoom, pagesInRooms, push, roomOf } from "../rooms.ts";
import type { Operation } from "./operation.ts";

const members = (count: number) => (count === 1 ? "1 member" : `${count.toLocaleString("en")} members`);
const budget = { roundTripsToPost: 2 };

/** What services push and people publish. */
export const sending: Operation[] = [
  ...[1, 10, 100].map((count) => ({ name: `push to ${members(count)}`, budget, ...pushTo(count) })),
  {
    name: "push to 10 members, a look is ordered already",
    budget,
    prepare: async (backend) => {
      const roomId = await roomOf(backend, 10);
      await push(backend, roomId);
      return () => push(backend, roomId);
    },
  },
  { name: "push with messageId to 10 members", ...pushTo(10, { messageId: "order-A-2024-118312-packed" }) },
  ...[1, 100].map((count) => ({ name: `push at qos 0 to ${members(count)}`, budget, ...pushTo(count, { qos: 0 }) })),
  // Not small ones: they go by way of the fan-out queue.
  { name: `push to ${members(1_000)}`, ...pushTo(1_000) },
  { name: `push at qos 0 to ${members(1_000)}`, ...pushTo(1_000, { qos: 0 }) },
  ...([0, 1] as const).map((qos) => ({
    name: `push at qos ${qos} to everyone, 100 pages`,
    isAlone: true as const,
    prepare: async (backend: Backend) => {
      await pagesInRooms(backend, 100);
      return () => push(backend, undefined, { qos });
    },
  })),
  {
    name: "publish to a room of 10",
    prepare: async (backend) => {
      const { page, roomId } = await pageInRoom(backend);
      await crowd(backend, roomId, 9);
      return () => page.ask({ action: "publish", roomId, ...message, clientMessageId: backend.newId() }, "published");
    },
  },
  {
    name: "publish to a person, one device each",
    prepare: async (backend) => {
      const [page, other] = [await new Page(backend).open(), await new Page(backend).open()];
      const toUser = other.claims.subject;
      return () => page.ask({ action: "publish", toUser, ...message, clientMessageId: backend.newId() }, "published");
    },
  },
];

function pushTo(count: number, more: { qos?: 0; messageId?: string } = {}): Pick<Operation, "prepare"> {
  return {
    prepare: async (backend) => {
      const roomId = await roomOf(backend, count);
      return () => push(backend, roomId, more);
    },
  };
}
