import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/** One stage of an API, WebSocket or REST. Its name is the first segment of every path that belongs to it. */
export interface StageEndpoint {
  stageName: string;
  handleRequest: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  handleUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  close: () => Promise<void>;
}
