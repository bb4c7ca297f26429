import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { Pool } from "undici";
import type { Answer } from "../http/json-response.ts";
import { type Clock, realClock } from "../world/clock.ts";
import type { QueueServerReady, QueueServerStart } from "./server-thread.ts";

/** Whatever speaks SQS' JSON protocol. */
export interface Sqs {
  /** Takes requests of any key, without asking a role. */
  url: Promise<string>;
  request(operation: string, input: object): Promise<Answer>;
  close(): Promise<void>;
}

/** Connects to queues that run already: ElasticMQ, LocalStack. */
export function connectSqs(url: string): Sqs {
  const pool = new Pool(url, { connections: 64 });
  return {
    url: Promise.resolve(url),
    request: async (operation, input) => {
      const { statusCode, headers, body } = await pool.request({
        path: "/",
        method: "POST",
        headers: { ...signed, "x-amz-target": `AmazonSQS.${operation}` },
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

// They take the region from the signature, but do not check it.
const signed = {
  "content-type": "application/x-amz-json-1.0",
  "x-amz-date": "20250101T000000Z",
  authorization:
    "AWS4-HMAC-SHA256 Credential=local/20250101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0",
};

/**
 * Starts fauxqs in a thread of this process; requests wait until it is there. Messages are gone with it.
 *
 * @param clock time of delays and of visibility
 */
export function startSqs(clock: Clock): Sqs {
  const time = clock === realClock ? undefined : new SharedArrayBuffer(8);
  const workerData: QueueServerStart = { time };
  const worker = new Worker(new URL("./server-thread.ts", import.meta.url), { workerData, argv: [], execArgv: [] });
  const connects = once(worker, "message").then(([ready]) => connectSqs((ready as QueueServerReady).url));
  const url = connects.then((sqs) => sqs.url);
  // Whoever asks hears of it.
  url.catch(() => {});
  return {
    url,
    request: async (operation, input) => {
      const sqs = await connects;
      if (time) new Float64Array(time)[0] = clock.now();
      return sqs.request(operation, input);
    },
    close: async () => {
      connects.then((sqs) => sqs.close()).catch(() => {});
      await worker.terminate();
    },
  };
}
