import { expect } from "vitest";
import type { Fetch } from "../../../client/index.ts";
// Loaded beforehand: a dynamic import takes longer than the fake clock waits.
import "../../../client/transport/polling/socket.ts";
import type { LoginFrame, RoomToRestore, ServerFrame } from "../../../protocol/frames.ts";
import { settled } from "./fake-clock.ts";
import { LogServer } from "./log-server.ts";

const pollUrl = "https://push.example/api/poll";

export interface Failure {
  status: number;
  msg?: string;
  retryAfter?: string;
}

/** A server that also responds to polls. With `isDown`, WebSockets fail and polls work. */
export class PollingServer extends LogServer {
  readonly polls: {
    session: string | null;
    rooms: RoomToRestore[];
    leave: string[];
    authorization: string | undefined;
    atMs: number;
  }[] = [];
  /** Failures of the next polls, the first one first. `timeout`: no response. */
  readonly failures: (number | "network" | "timeout" | Failure)[] = [];
  retryAfterMs = 3_000;
  /** Sent in responses without messages. */
  retryUpToMs: number | undefined;
  change: (room: LoginFrame) => LoginFrame = (room) => room;
  polling = 0;
  maxPolling = 0;

  readonly fetch: Fetch = async (address, { headers, signal }) => {
    const { searchParams, origin, pathname } = new URL(address);
    expect(`${origin}${pathname}`).toBe(pollUrl);
    expect(address.length).toBeLessThan(8_000);
    const rooms: RoomToRestore[] = JSON.parse(searchParams.get("rooms") ?? "");
    const session = searchParams.get("session");
    const leave: string[] = JSON.parse(searchParams.get("leave") ?? "[]");
    this.polls.push({ session, rooms, leave, authorization: headers.Authorization, atMs: this.clock.now() });
    this.polling += 1;
    this.maxPolling = Math.max(this.maxPolling, this.polling);
    try {
      await settled();
      const failure = this.failures.shift();
      if (failure === "network") throw new TypeError("fetch failed");
      if (failure === "timeout")
        await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      const hello = this.answer({ action: "hello", rooms }) as ServerFrame & { type: "connected" };
      const { retryAfterMs, retryUpToMs } = this;
      const answers = hello.rooms.map(this.change);
      const isQuiet = answers.every((room) => room.type === "loggedIn" && (room.missed ?? []).length === 0);
      const body = {
        data: hello.data,
        session: session ?? "session-1",
        rooms: answers,
        retryAfterMs,
        ...(isQuiet && { retryUpToMs }),
      };
      const { status, ...failed }: Failure =
        typeof failure === "object" ? failure : { status: typeof failure === "number" ? failure : 200 };
      return {
        status,
        headers: { get: (name) => (name === "Retry-After" && failed.retryAfter) || null },
        json: async () => (status === 200 ? body : { code: "1011", msg: failed.msg }),
        arrayBuffer: async () => new ArrayBuffer(0),
      };
    } finally {
      this.polling -= 1;
    }
  };

  page(options = {}) {
    const handle = this.handle({ pollUrl, fetch: this.fetch, ...options });
    const received: unknown[] = [];
    handle.listen("test", (data) => received.push(data));
    return { handle, received };
  }

  /** Advances the clock in steps, as a poll takes more turns of the event loop than a frame. */
  async advance(ms: number) {
    for (let passed = 0; passed < ms; passed += 250) {
      await this.clock.advance(Math.min(250, ms - passed));
      for (let turn = 0; turn < 3; turn += 1) await settled();
    }
  }

  lastPollOf(roomId: string) {
    return this.polls.at(-1)?.rooms.find((room) => room.roomId === roomId);
  }
}

/** A page that joined room 456 over a WebSocket, received message 1, and polls now. */
export const pollingPage = async (options = {}) => {
  const server = new PollingServer();
  const { handle, received } = server.page(options);
  await handle.loginRoom("456", "loginWhenLast");
  await server.last.deliver(server.log("456", 1));
  server.isDown = true;
  server.last.drop();
  await server.advance(6_000);
  return { server, handle, received };
};
