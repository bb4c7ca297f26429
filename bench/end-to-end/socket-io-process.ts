// A process that is a Socket.IO server with one route: what is posted to it goes to a room.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { Server, type Socket } from "socket.io";
import { serveOrders } from "./serve-requests.ts";
import { type Endpoints, roomOf } from "./requests.ts";

const http = createServer(async (request, response) => {
  if (request.url !== "/push") return;
  first("asked");
  const { roomId, eventName, data } = (await json(request)) as { roomId: string; eventName: string; data: unknown };
  io.to(roomId).emit(eventName, data);
  first("emitted");
  response.writeHead(200, { "content-type": "application/json" }).end('{"code":"0000"}');
});
const io = new Server(http, { transports: ["websocket"], serveClient: false });
const all: Socket[] = [];
io.on("connection", (socket) => all.push(socket));
const { first } = serveOrders(async (rooms) => {
  for (const size of rooms) {
    if (all.length < size) throw new Error(`${all.length} clients are there, not ${size}`);
    await Promise.all(all.slice(0, size).map((socket) => socket.join(roomOf(size))));
  }
});
await new Promise<void>((done) => http.listen(0, "127.0.0.1", done));
const host = `127.0.0.1:${(http.address() as AddressInfo).port}`;
process.send?.({ webSocketUrl: `ws://${host}`, pushUrl: `http://${host}/push` } satisfies Endpoints);
