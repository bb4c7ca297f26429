// A process that posts in one way. Arguments: the way and the stage's URL. Told a number, it posts so often and tells what
// that took.
import { connections, ways } from "./clients.ts";

export interface Round {
  /** Of this process alone. */
  cpuMicros: number;
  wallMs: number;
}

const [name = "", url = ""] = process.argv.slice(2);
const way = ways[name]?.(new URL(url));
if (!way || !process.send) throw new Error(`${name} is no way to post, or nobody listens`);

const text = JSON.stringify({ type: "message", eventName: "test", data: "x".repeat(120), roomId: "456" }).padEnd(200);

// It ends with the process that started it.
process.on("disconnect", () => process.exit());
process.on("message", async (posts: number) => {
  const ids = Array.from({ length: posts }, (_, i) => `L0SM9c${String(i).padStart(8, "0")}=`);
  // While others had their turn, lines were closed that nobody used: they are opened again before it counts.
  await way(ids.slice(0, connections * 2), text);
  const cpu = process.cpuUsage();
  const from = performance.now();
  await way(ids, text);
  const wallMs = performance.now() - from;
  const { user, system } = process.cpuUsage(cpu);
  process.send?.({ cpuMicros: user + system, wallMs } satisfies Round);
});
