import type { MeteredStack } from "./metered-stack.ts";
import { Page } from "./page.ts";

/** A typical message: 209 bytes of `data`. */
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

export const newRoom = (stack: MeteredStack) => `team-${stack.newId()}`;

/** A new room with `count` members. */
export async function roomOf(stack: MeteredStack, count: number): Promise<string> {
  const roomId = newRoom(stack);
  await addMembers(stack, roomId, count);
  return roomId;
}

const writeConcurrency = 50;

/** Adds `count` members that ack and have acked everything up to `seq`. They accept every post. */
export async function addMembers(stack: MeteredStack, roomId: string, count: number, seq = 0): Promise<void> {
  const { members, rooms } = stack.depsOf("socket")();
  const { epoch, generation } = await rooms.open(roomId);
  const connectionIds = Array.from({ length: count }, () => `${stack.newId().slice(-15)}=`);
  const add = async (connectionId: string) => {
    const [session, subject] = [stack.newId(), `staff-${stack.newId()}`];
    const member = { session, connectionId, connectedAtMs: stack.nowMs, subject, generation, holdsLease: false };
    await members.put(roomId, { ...member, cursor: { epoch, seq } });
    stack.connections.set(connectionId, () => {});
  };
  for (let from = 0; from < count; from += writeConcurrency) {
    await Promise.all(connectionIds.slice(from, from + writeConcurrency).map(add));
  }
}

/** A service pushes `message` to a room or, without one, to everyone. All fan-out tasks run. */
export async function push(stack: MeteredStack, roomId: string | undefined, options: object = {}): Promise<void> {
  const { statusCode, body } = await stack.push({ roomId, ...message, ...options });
  if (statusCode !== 200) throw new Error(`the response to a push was ${body}`);
  await stack.runTasks();
}

/** Connected pages, each in 3 rooms that no other page is in. */
export async function connectPages(stack: MeteredStack, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const page = new Page(stack);
    await page.connect();
    await page.hello([1, 2, 3].map(() => ({ roomId: newRoom(stack) })));
  }
}

/** A new room with one page, and the page's position. */
export async function pageInRoom(stack: MeteredStack) {
  const roomId = newRoom(stack);
  const page = await new Page(stack).open();
  const { epoch, seq } = await page.request({ action: "loginRoom", roomId, type: "loginWhenever" }, "loggedIn");
  return { page, roomId, position: { epoch, seq } };
}
