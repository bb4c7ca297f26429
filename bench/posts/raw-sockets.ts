import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Way } from "./post-all.ts";

/** The floor: what writing and reading of as many bytes cost, in as many pieces. */
export function rawSockets(url: URL, connections: number, headerBytes: number): Way {
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
    const use = (socket: Socket) =>
      new Promise<void>((resolve, reject) => {
        const next = () => {
          if (unsent === 0) {
            socket.off("data", next).off("error", reject);
            return resolve();
          }
          unsent -= 1;
          socket.write(request);
        };
        // The stub's answer fits into one packet.
        socket.on("data", next).on("error", reject);
        next();
      });
    await Promise.all((await sockets).map(use));
  };
}
