// A process with thousands of bare WebSockets to several servers. They do not ack, and read no more of a frame than whether
// the expected text is in it.
import { WebSocket } from "ws";
import { mintToken } from "../../local/host/mint-token.ts";
import { nowMs } from "./steps.ts";
import type { Arrival, ClientsOrder, Endpoints } from "./requests.ts";

/** A machine of two cores would begin all handshakes and end none. */
const openingConcurrency = 16;
/** One that is refused, by a quota as that of handshakes, is tried so often. */
const maxRedeliveries = 5;
const pauseMs = 500;

interface Expected extends Arrival {
  text: string;
  clients: number;
  got: Set<WebSocket>;
}
let expected: Expected | undefined;

process.on("disconnect", () => process.exit());
process.on("message", async (order: ClientsOrder) => {
  if (order.kind === "open") {
    await openAll(order.server, order.clients);
    process.send?.("open");
    return;
  }
  expected = { ...order, firstMs: 0, lastMs: 0, got: new Set() };
  process.send?.("expecting");
});

function hear(socket: WebSocket, frame: string): void {
  if (!expected?.text || !frame.includes(expected.text) || expected.got.has(socket)) return;
  const { got, clients } = expected;
  got.add(socket);
  if (got.size === 1) expected.firstMs = nowMs();
  if (got.size < clients) return;
  expected.lastMs = nowMs();
  const { firstMs, lastMs } = expected;
  process.send?.({ firstMs, lastMs } satisfies Arrival);
}

async function openAll(server: Endpoints, clients: number): Promise<void> {
  let next = 0;
  const openSome = async () => {
    while (next < clients) {
      next += 1;
      await openOne(server, next);
    }
  };
  await Promise.all(Array.from({ length: openingConcurrency }, openSome));
}

async function openOne({ webSocketUrl, tokenSecret }: Endpoints, index: number): Promise<void> {
  for (let redeliveries = 1; ; redeliveries += 1) {
    try {
      if (tokenSecret === undefined) return await openSocketIo(`${webSocketUrl}/socket.io/?EIO=4&transport=websocket`);
      const token = await mintToken(tokenSecret, { sub: `user-${index}`, rooms: ["*"] });
      return await openOurs(`${webSocketUrl}?token=${token}`);
    } catch (error) {
      if (redeliveries === maxRedeliveries) throw error;
      await new Promise((done) => setTimeout(done, pauseMs));
    }
  }
}

function openOurs(url: string): Promise<void> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  socket.on("message", (frame) => hear(socket, String(frame)));
  return new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
}

/** Packets of Engine.IO begin with a digit: 0 is its greeting, 2 a ping, 3 our pong; 40 joins and confirms. */
function openSocketIo(url: string): Promise<void> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  return new Promise((resolve, reject) => {
    socket.on("error", reject).on("message", (data) => {
      const packet = String(data);
      if (packet.startsWith("0")) socket.send("40");
      else if (packet === "2") socket.send("3");
      else if (packet.startsWith("40")) resolve();
      else hear(socket, packet);
    });
  });
}
