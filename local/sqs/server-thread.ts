// Runs the queues in a thread of their own: loading them takes as long as all the rest of a start, and side by side it
// costs nothing. It also lets them have a time of their own.
import { parentPort, workerData } from "node:worker_threads";
import { buildApp } from "fauxqs";

/** What the thread is started with, and what it tells when it is ready. */
export interface QueueServerStart {
  /** Eight bytes, milliseconds since 1970: the time, for those who move it. Without it the time is the machine's. */
  time: SharedArrayBuffer | undefined;
}
export interface QueueServerReady {
  url: string;
}

const { time }: QueueServerStart = workerData;
if (time) {
  const shared = new Float64Array(time);
  Date.now = () => shared[0] ?? 0;
}
const app = buildApp({ logger: false });
const url = await app.listen({ port: 0, host: "127.0.0.1" });
parentPort?.postMessage({ url } satisfies QueueServerReady);
