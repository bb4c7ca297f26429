import type { Position } from "../../../protocol/frames.ts";
import type { LoginPolicy } from "../../../protocol/ids.ts";
import type { MeteredStack } from "../metered-stack.ts";
import { Page } from "../page.ts";
import type { Operation } from "./operation.ts";

const newRoom = (stack: MeteredStack) => `order-${stack.newId()}`;
const newRooms = (stack: MeteredStack, count: number) =>
  Array.from({ length: count }, () => ({ roomId: newRoom(stack) }));
const positionOf = ({ epoch, seq }: Position): Position => ({ epoch, seq });
const rooms = (count: number) => (count === 1 ? "1 room" : `${count} rooms`);

/** Connects, hellos, logins, heartbeats and disconnects of a page. */
export const connecting: Operation[] = [
  {
    name: "connect",
    budget: { roundTrips: 1 },
    prepare: async (stack) => {
      const page = new Page(stack);
      return () => page.connect();
    },
  },
  {
    name: "first hello, 3 rooms",
    prepare: async (stack) => {
      const page = new Page(stack);
      await page.connect();
      const rooms = newRooms(stack, 3);
      return () => page.hello(rooms);
    },
  },
  ...[1, 3].map((count) => ({
    name: `hello after a reconnect, ${rooms(count)}`,
    prepare: async (stack: MeteredStack) => {
      const page = new Page(stack);
      await page.connect();
      const known = await page.hello(newRooms(stack, count));
      const rooms = known.map(({ roomId, generation, ...position }) => ({
        roomId,
        since: positionOf(position),
        ...(!roomId.startsWith("@") && { generation }),
      }));
      await page.connect();
      return () => page.hello(rooms);
    },
  })),
  ...(["loginWhenFirst", "loginWhenLast", "loginWhenever"] as const).flatMap((type) => [
    login(type, "empty room", async () => {}),
    login(type, "occupied room", async (stack, roomId) => {
      const other = await new Page(stack).open();
      await other.request({ action: "loginRoom", roomId, type }, "loggedIn");
    }),
  ]),
  {
    ...login("loginWhenFirst", "stale member", async (stack, roomId) => {
      const stale = await new Page(stack).open();
      await stale.request({ action: "loginRoom", roomId }, "loggedIn");
      stale.loseConnection();
    }),
    // It probes the stale member and replaces it, which is rare.
    budget: undefined,
  },
  {
    name: "heartbeat",
    budget: { roundTrips: 0, invocations: 0 },
    prepare: async (stack) => {
      const page = await new Page(stack).open();
      return () => page.request({ action: "heartbeat" }, "heartbeat");
    },
  },
  ...[1, 3].map((count) => ({
    name: `disconnect, ${rooms(count)}`,
    prepare: async (stack: MeteredStack) => {
      const page = new Page(stack);
      await page.connect();
      await page.hello(newRooms(stack, count));
      return () => page.disconnect();
    },
  })),
];

function login(
  type: LoginPolicy,
  state: string,
  occupy: (stack: MeteredStack, roomId: string) => Promise<void>,
): Operation {
  const isRefused = type === "loginWhenFirst" && state === "occupied room";
  return {
    name: `${type}, ${state}`,
    budget: { roundTrips: 3 },
    prepare: async (stack) => {
      const roomId = newRoom(stack);
      await occupy(stack, roomId);
      const page = await new Page(stack).open();
      // The lease of the earlier login has expired by then.
      stack.nowMs += 60_000;
      return () => page.request({ action: "loginRoom", roomId, type }, isRefused ? "loginFailed" : "loggedIn");
    },
  };
}
