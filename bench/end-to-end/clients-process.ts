// A process with thousands of plain WebSockets to several servers. They do not ack, and they only check whether a frame
// contains the expected text.
import { WebSocket } from "ws";
import { mintToken } from "../../local/host/mint-token.ts";
import { report, serve } from "../child.ts";
import type { Arrival, ClientsRequest, Endpoints } from "./messages.ts";
import { nowMs } from "./steps.ts";

/** With more, two cores would start all handshakes and finish none. */
const openConcurrency = 16;
/** Attempts of a handshake, which the quota of the gateway may refuse. */
const maxAttempts = 5;
const backoffMs = 500;

interface Expected extends Arrival {
  text: string;
  clients: number;
  received: Set<WebSocket>;
}
let expected: Expected | undefined;

serve(async (request: ClientsRequest) => {
  if (request.kind === "open") {
    await openAll(request.server, request.clients);
    return "open";
  }
  expected = { ...request, firstMs: 0, lastMs: 0, received: new Set() };
  return "expecting";
});

function receive(socket: WebSocket, frame: string): void {
  if (!expected?.text || !frame.includes(expected.text) || expected.received.has(socket)) return;
  const { received, clients } = expected;
  received.add(socket);
  if (received.size === 1) expected.firstMs = nowMs();
  if (received.size < clients) return;
  expected.lastMs = nowMs();
  const { firstMs, lastMs } = expected;
  report({ firstMs, lastMs } satisfies Arrival);
}

async function openAll(server: Endpoints, clients: number): Promise<void> {
  let next = 0;
  const openSome = async () => {
    while (next < clients) {
      next += 1;
      await openOne(server, next);
    }
  };
  await Promise.all(Array.from({ length: openConcurrency }, openSome));
}

async function openOne({ webSocketUrl, tokenSecret }: Endpoints, index: number): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (tokenSecret === undefined) return await openSocketIo(`${webSocketUrl}/socket.io/?EIO=4&transport=websocket`);
      const token = await mintToken(tokenSecret, { sub: `user-${index}`, rooms: ["*"] });
      return await openOurs(`${webSocketUrl}?token=${token}`);
    } catch (error) {
      if (attempt === maxAttempts) throw error;
      await new Promise((done) => setTimeout(done, backoffMs));
    }
  }
}

function openOurs(url: string): Promise<void> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  socket.on("message", (frame) => receive(socket, String(frame)));
  return new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
}

/** Packets of Engine.IO start with a digit: 0 is the handshake, 2 a ping, 3 a pong, 40 joins the namespace. */
function openSocketIo(url: string): Promise<void> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  return new Promise((resolve, reject) => {
    socket.on("error", reject).on("message", (data) => {
      const packet = String(data);
      if (packet.startsWith("0")) socket.send("40");
      else if (packet === "2") socket.send("3");
      else if (packet.startsWith("40")) resolve();
      else receive(socket, packet);
    });
  });
}
