import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/** The handlers of one stage of a WebSocket or REST API. */
export interface StageEndpoint {
  /** The first segment of every path of the stage. */
  stageName: string;
  handleRequest: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  handleUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  close: () => Promise<void>;
}
