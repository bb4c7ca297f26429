import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { PostAll } from "./post-all.ts";

/** Writes and reads as many bytes as signed posts, in as many pieces, without HTTP. */
export function rawSockets(url: URL, connections: number, headerBytes: number): PostAll {
  const to = { host: url.hostname, port: Number(url.port), noDelay: true };
  const open = (onOpen: () => void) =>
    url.protocol === "https:" ? connectTls({ ...to, ALPNProtocols: ["http/1.1"] }, onOpen) : connectTcp(to, onOpen);
  let sockets: Promise<Socket[]> | undefined;
  const openAll = async () => {
    const opened: Socket[] = [];
    for (let i = 0; i < connections; i += 1) {
      await new Promise<void>((resolve) => opened.push(open(resolve)));
    }
    return opened;
  };
  return async (ids, text) => {
    sockets ??= openAll();
    const padding = "x".repeat(headerBytes);
    const request = `POST /${ids[0]} HTTP/1.1\r\nhost: a\r\npadding: ${padding}\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
    let unsent = ids.length;
    const run = (socket: Socket) =>
      new Promise<void>((resolve, reject) => {
        const next = () => {
          if (unsent === 0) {
            socket.off("data", next).off("error", reject);
            return resolve();
          }
          unsent -= 1;
          socket.write(request);
        };
        // A response of the stub fits into one packet.
        socket.on("data", next).on("error", reject);
        next();
      });
    await Promise.all((await sockets).map(run));
  };
}
