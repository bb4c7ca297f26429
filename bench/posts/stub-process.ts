// A process that takes posts as API Gateway would and does as little as it can for them. Arguments: latency in ms, and
// files with key and certificate if it is to speak TLS. Prints its port.
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";

const [latencyMs = "0", key, cert] = process.argv.slice(2);

const answer = Buffer.from(
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

const server: Server =
  key && cert ? createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }) : createServer();
server.on(key && cert ? "secureConnection" : "connection", serve).listen(0, "127.0.0.1", () => {
  console.log((server.address() as AddressInfo).port);
});
// It ends with the process that started it.
process.stdin.on("close", () => process.exit()).resume();

function serve(socket: Socket): void {
  let text = "";
  const write = () => socket.writable && socket.write(answer);
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
      if (latencyMs === "0") write();
      else setTimeout(write, Number(latencyMs));
    }
  });
}
