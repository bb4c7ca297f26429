import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { createId } from "./ids.ts";

/** An answer that API Gateway gives by itself. */
export interface Answer {
  status: number;
  /** Sent as `x-amzn-errortype`, from which the SDK takes the error's name. */
  errorType?: string;
  headers?: Readonly<Record<string, string>>;
  body?: string;
}

const headersOf = ({ status, errorType, headers, body }: Answer): Record<string, string> => ({
  ...(body ? { "content-type": "application/json" } : {}),
  ...(status === 204 ? {} : { "content-length": String(Buffer.byteLength(body ?? "")) }),
  "x-amzn-requestid": createId(),
  ...(errorType === undefined ? {} : { "x-amzn-errortype": errorType }),
  ...headers,
});

export function send(response: ServerResponse, answer: Answer): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(answer.status, headersOf(answer));
  response.end(answer.body);
}

/** Answers a handshake that does not become a WebSocket. */
export function sendRaw(socket: Duplex, answer: Answer): void {
  const body = answer.body ?? "";
  const headers = { ...headersOf(answer), connection: "close" };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ""}\r\n${lines.join("")}\r\n${body}`);
}

/** @returns `undefined` if the body is larger than `limitBytes`; the rest is then read and dropped */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const part = chunk as Buffer;
    bytes += part.length;
    if (bytes <= limitBytes) chunks.push(part);
    else chunks.length = 0;
  }
  return bytes > limitBytes ? undefined : Buffer.concat(chunks);
}
