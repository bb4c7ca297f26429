// A process that posts with one client. Each request is a number of posts; the response is a `Round`.
import { cpuMsSince, readInput, serve } from "../child.ts";
import { clients, connections } from "./clients.ts";
import { frame } from "./post-all.ts";

export interface PostingInput {
  client: string;
  url: string;
}

/** CPU of the process and time of a number of posts. */
export interface Round {
  cpuMs: number;
  wallMs: number;
}

const { client, url } = readInput<PostingInput>();
const postAll = clients[client]?.(new URL(url));
if (!postAll) throw new Error(`there is no client ${client}`);

serve(async (posts: number): Promise<Round> => {
  const ids = Array.from({ length: posts }, (_, i) => `L0SM9c${String(i).padStart(8, "0")}=`);
  // Reopens connections that timed out while other clients posted.
  await postAll(ids.slice(0, connections * 2), frame);
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  await postAll(ids, frame);
  return { cpuMs: cpuMsSince(cpu), wallMs: performance.now() - startMs };
});
