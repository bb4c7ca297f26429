// Runs fauxqs, an SQS server, in a thread of its own. Loading fauxqs takes as long as the rest of the start; in a
// thread it loads at the same time. The thread can also have a clock of its own.
import { parentPort, workerData } from "node:worker_threads";
import { buildApp } from "fauxqs";

/** The `workerData` of the thread. */
export interface SqsThreadData {
  /**
   * 8 bytes that hold the current time as a `Float64`, in milliseconds since 1970. Tests move it.
   *
   * @default the machine's clock
   */
  time: SharedArrayBuffer | undefined;
}
/** Sent once, when the server listens. */
export interface SqsThreadReady {
  url: string;
}

const { time }: SqsThreadData = workerData;
if (time) {
  const shared = new Float64Array(time);
  Date.now = () => shared[0] ?? 0;
}
const app = buildApp({ logger: false });
const url = await app.listen({ port: 0, host: "127.0.0.1" });
parentPort?.postMessage({ url } satisfies SqsThreadReady);
