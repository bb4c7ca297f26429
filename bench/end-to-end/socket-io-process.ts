// A process with a Socket.IO server and one HTTP route that emits to a room. Reports its `Endpoints`.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { Server, type Socket } from "socket.io";
import { report } from "../child.ts";
import { type Endpoints, roomOf } from "./messages.ts";
import { serveMeasurements } from "./server.ts";

const http = createServer(async (request, response) => {
  if (request.url !== "/push") return;
  first("requested");
  const { roomId, eventName, data } = (await json(request)) as { roomId: string; eventName: string; data: unknown };
  io.to(roomId).emit(eventName, data);
  first("emitted");
  response.writeHead(200, { "content-type": "application/json" }).end('{"code":"0000"}');
});
const io = new Server(http, { transports: ["websocket"], serveClient: false });
const sockets: Socket[] = [];
io.on("connection", (socket) => sockets.push(socket));
const { first } = serveMeasurements(async (sizes) => {
  for (const size of sizes) {
    if (sockets.length < size) throw new Error(`${sockets.length} clients are connected, not ${size}`);
    await Promise.all(sockets.slice(0, size).map((socket) => socket.join(roomOf(size))));
  }
});
await new Promise<void>((done) => http.listen(0, "127.0.0.1", done));
const host = `127.0.0.1:${(http.address() as AddressInfo).port}`;
report({ webSocketUrl: `ws://${host}`, pushUrl: `http://${host}/push` } satisfies Endpoints);
