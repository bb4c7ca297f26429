import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { createId } from "./ids.ts";

/** A response of API Gateway itself, as opposed to one of an integration. */
export interface HttpResponse {
  status: number;
  /** The header `x-amzn-errortype`, from which the AWS SDK takes the name of the error. */
  errorType?: string;
  headers?: Readonly<Record<string, string>>;
  body?: string;
}

const headersOf = ({ status, errorType, headers, body }: HttpResponse): Record<string, string> => ({
  ...(body ? { "content-type": "application/json" } : {}),
  ...(status === 204 ? {} : { "content-length": String(Buffer.byteLength(body ?? "")) }),
  "x-amzn-requestid": createId(),
  ...(errorType === undefined ? {} : { "x-amzn-errortype": errorType }),
  ...headers,
});

/** Does nothing if a response was sent already, or the client is gone. */
export function send(target: ServerResponse, response: HttpResponse): void {
  if (target.headersSent || target.destroyed) return;
  target.writeHead(response.status, headersOf(response));
  target.end(response.body);
}

/** Responds to an upgrade request that is not accepted, and ends the socket. */
export function sendOnSocket(socket: Duplex, response: HttpResponse): void {
  const body = response.body ?? "";
  const headers = { ...headersOf(response), connection: "close" };
  const headerLines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const statusLine = `HTTP/1.1 ${response.status} ${STATUS_CODES[response.status] ?? ""}\r\n`;
  socket.end(`${statusLine}${headerLines.join("")}\r\n${body}`);
}

/** @returns `undefined` if the body is larger than `maxBytes`; the rest is then read and discarded */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const part = chunk as Buffer;
    bytes += part.length;
    if (bytes <= maxBytes) chunks.push(part);
    else chunks.length = 0;
  }
  return bytes > maxBytes ? undefined : Buffer.concat(chunks);
}
