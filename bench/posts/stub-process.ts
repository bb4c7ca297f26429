// A process that takes posts like API Gateway, with as little CPU as possible. Reports its port.
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { readInput, report } from "../child.ts";

export interface StubInput {
  latencyMs: number;
  /** Files with the key and the certificate. Without them the server speaks HTTP. */
  tls?: { keyFile: string; certFile: string };
}

const { latencyMs, tls } = readInput<StubInput>();
const response = Buffer.from(
  [
    "HTTP/1.1 200 OK",
    "Date: Mon, 01 Jan 2024 00:00:00 GMT",
    "Content-Type: application/json",
    "Content-Length: 0",
    "Connection: keep-alive",
    "x-amzn-RequestId: 6c1b5e0a-6f0f-4b0e-9a53-0d2f6c5a7e11",
    "x-amz-apigw-id: aBcDeFgHiJkLmNo=",
    "\r\n",
  ].join("\r\n"),
);

const server = tls
  ? createTlsServer({ key: readFileSync(tls.keyFile), cert: readFileSync(tls.certFile) })
  : createServer();
server.on(tls ? "secureConnection" : "connection", respondTo).listen(0, "127.0.0.1", () => {
  report((server.address() as AddressInfo).port);
});

function respondTo(socket: Socket): void {
  let text = "";
  const write = () => socket.writable && socket.write(response);
  socket.setNoDelay();
  socket.on("error", () => {});
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
    for (;;) {
      const head = text.indexOf("\r\n\r\n");
      if (head < 0) return;
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1]);
      const end = head + 4 + length;
      if (text.length < end) return;
      text = text.slice(end);
      if (latencyMs === 0) write();
      else setTimeout(write, latencyMs);
    }
  });
}
