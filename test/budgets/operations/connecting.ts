import type { Position } from "../../../protocol/frames.ts";
import type { LoginPolicy } from "../../../protocol/ids.ts";
import type { Backend } from "../metered-stack.ts";
import { Page } from "../page.ts";
import type { Operation } from "./operation.ts";

const room = (backend: Backend) => `order-${backend.newId()}`;
const newRooms = (backend: Backend, count: number) => Array.from({ length: count }, () => ({ roomId: room(backend) }));
const positionOf = ({ epoch, seq }: Position): Position => ({ epoch, seq });

/** A page that comes, greets, and logs in to what it shows. */
export const connecting: Operation[] = [
  {
    name: "connect",
    budget: { roundTrips: 1 },
    prepare: async (backend) => {
      const page = new Page(backend);
      return () => page.connect();
    },
  },
  {
    name: "hello, first, with 3 rooms",
    prepare: async (backend) => {
      const page = new Page(backend);
      await page.connect();
      const rooms = newRooms(backend, 3);
      return () => page.hello(rooms);
    },
  },
  ...[1, 3].map((count) => ({
    name: `hello, back after a break, ${count === 1 ? "1 room" : `${count} rooms`} and since`,
    prepare: async (backend: Backend) => {
      const page = new Page(backend);
      await page.connect();
      const known = await page.hello(newRooms(backend, count));
      const rooms = known.map(({ roomId, generation, ...at }) => ({
        roomId,
        since: positionOf(at),
        ...(!roomId.startsWith("@") && { generation }),
      }));
      await page.connect();
      return () => page.hello(rooms);
    },
  })),
  ...(["loginWhenFirst", "loginWhenLast", "loginWhenever"] as const).flatMap((type) => [
    login(type, "free room", async () => {}),
    login(type, "somebody is in", async (backend, roomId) => {
      const other = await new Page(backend).open();
      await other.ask({ action: "loginRoom", roomId, type }, "loggedIn");
    }),
  ]),
  {
    ...login("loginWhenFirst", "a ghost is in", async (backend, roomId) => {
      const ghost = await new Page(backend).open();
      await ghost.ask({ action: "loginRoom", roomId }, "loggedIn");
      ghost.dropOff();
    }),
    // It asks whether the other is there, and takes the place over: rare, and not in the budget.
    budget: undefined,
  },
  {
    name: "heartbeat",
    budget: { roundTrips: 0, invocations: 0 },
    prepare: async (backend) => {
      const page = await new Page(backend).open();
      return () => page.ask({ action: "heartbeat" }, "heartbeat");
    },
  },
  ...[1, 3].map((count) => ({
    name: `disconnect, ${count === 1 ? "1 room" : `${count} rooms`}`,
    prepare: async (backend: Backend) => {
      const page = new Page(backend);
      await page.connect();
      await page.hello(newRooms(backend, count));
      return () => page.disconnect();
    },
  })),
];

function login(
  type: LoginPolicy,
  state: string,
  occupy: (backend: Backend, roomId: string) => Promise<void>,
): Operation {
  const isRefused = type === "loginWhenFirst" && state === "somebody is in";
  return {
    name: `login ${type}, ${state}`,
    budget: { roundTrips: 3 },
    prepare: async (backend) => {
      const roomId = room(backend);
      await occupy(backend, roomId);
      const page = await new Page(backend).open();
      // A claim is asked about until its login can have ended.
      backend.nowMs += 60_000;
      return () => page.ask({ action: "loginRoom", roomId, type }, isRefused ? "loginFailed" : "loggedIn");
    },
  };
}
