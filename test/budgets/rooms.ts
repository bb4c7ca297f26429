import { crowd } from "./crowd.ts";
import type { Backend } from "./metered-stack.ts";
import { Page } from "./page.ts";

/** A message as it is usual: 209 bytes of `data`. */
export const message = {
  eventName: "orderMoved",
  data: {
    orderId: "A-2024-118312",
    step: "packed",
    by: "staff-0000231",
    at: "2025-10-09T08:53:20.000Z",
    items: 3,
    note: "Two of three parcels are ready, the third one follows by noon.",
    link: "/orders/A-2024-118312",
  },
};

export const newRoom = (backend: Backend) => `team-${backend.newId()}`;

/** A new room with so many members. */
export async function roomOf(backend: Backend, count: number): Promise<string> {
  const roomId = newRoom(backend);
  await crowd(backend, roomId, count);
  return roomId;
}

/** A service pushes `message` to a room, or to everyone. */
export async function push(backend: Backend, roomId: string | undefined, more: object = {}): Promise<void> {
  const { statusCode, body } = await backend.push({ roomId, ...message, ...more });
  if (statusCode !== 200) throw new Error(`a push was answered ${body}`);
  await backend.fanOut();
}

/** Connected pages, each in 3 rooms of its own. */
export async function pagesInRooms(backend: Backend, count: number): Promise<void> {
  for (let made = 0; made < count; made += 1) {
    const page = new Page(backend);
    await page.connect();
    await page.hello([1, 2, 3].map(() => ({ roomId: newRoom(backend) })));
  }
}

/** A room, and a page in it. */
export async function pageInRoom(backend: Backend) {
  const roomId = newRoom(backend);
  const page = await new Page(backend).open();
  const at = await page.ask({ action: "loginRoom", roomId, type: "loginWhenever" }, "loggedIn");
  return { page, roomId, at: { epoch: at.epoch, seq: at.seq } };
}
