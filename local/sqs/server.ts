import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { Pool } from "undici";
import type { JsonResponse } from "../http/json-response.ts";
import { type Clock, realClock } from "../world/clock.ts";
import type { SqsThreadData, SqsThreadReady } from "./server-thread.ts";

/** A server that implements the SQS API (JSON protocol). */
export interface SqsServer {
  /** Accepts any credentials and checks no permissions. Rejects if the server does not start. */
  url: Promise<string>;
  request(operation: string, input: object): Promise<JsonResponse>;
  close(): Promise<void>;
}

/** Connects to a running server, such as ElasticMQ or LocalStack. */
export function connectSqs(url: string): SqsServer {
  const pool = new Pool(url, { connections: 64 });
  return {
    url: Promise.resolve(url),
    request: async (operation, input) => {
      const { statusCode, headers, body } = await pool.request({
        path: "/",
        method: "POST",
        headers: { ...placeholderSignature, "x-amz-target": `AmazonSQS.${operation}` },
        body: JSON.stringify(input),
      });
      const queryError = headers["x-amzn-query-error"];
      return {
        status: statusCode,
        body: await body.text(),
        ...(queryError !== undefined && { headers: { "x-amzn-query-error": String(queryError) } }),
      };
    },
    close: () => pool.destroy(),
  };
}

// Local servers take the Region from the signature but do not verify it.
const placeholderSignature = {
  "content-type": "application/x-amz-json-1.0",
  "x-amz-date": "20250101T000000Z",
  authorization:
    "AWS4-HMAC-SHA256 Credential=local/20250101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0",
};

/**
 * Starts fauxqs in a thread. Requests wait until it listens. Messages are in memory.
 *
 * @param clock the time of delays and visibility timeouts
 */
export function startSqs(clock: Clock): SqsServer {
  const time = clock === realClock ? undefined : new SharedArrayBuffer(8);
  const workerData: SqsThreadData = { time };
  const worker = new Worker(new URL("./server-thread.ts", import.meta.url), { workerData, argv: [], execArgv: [] });
  const connected = once(worker, "message").then(([ready]) => connectSqs((ready as SqsThreadReady).url));
  const url = connected.then((server) => server.url);
  // Each request reports the error; without this handler an unused `url` would end the process.
  url.catch(() => {});
  return {
    url,
    request: async (operation, input) => {
      const server = await connected;
      if (time) new Float64Array(time)[0] = clock.now();
      return server.request(operation, input);
    },
    close: async () => {
      connected.then((server) => server.close()).catch(() => {});
      await worker.terminate();
    },
  };
}
