import { type Moments, nowMs } from "./steps.ts";
import type { Seen, ServerOrder } from "./requests.ts";

/**
 * Does what the process that started this one says, and ends with it.
 *
 * @returns notes that something happens now
 */
export function serveOrders(seat: (rooms: readonly number[]) => Promise<void>) {
  let moments: Moments = {};
  let cpu = process.cpuUsage();
  let mainCpu = process.threadCpuUsage();
  const answer = async (order: ServerOrder): Promise<unknown> => {
    switch (order.kind) {
      case "seat":
        await seat(order.rooms);
        return "seated";
      case "watch":
        moments = {};
        cpu = process.cpuUsage();
        mainCpu = process.threadCpuUsage();
        return "watching";
      case "tell": {
        const [all, main] = [process.cpuUsage(cpu), process.threadCpuUsage(mainCpu)];
        return { moments, cpuMs: milliseconds(all), mainCpuMs: milliseconds(main) } satisfies Seen;
      }
    }
  };
  process.on("disconnect", () => process.exit());
  process.on("message", (order: ServerOrder) => {
    answer(order).then(
      (said) => process.send?.(said),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
  return {
    /** The first time counts. */
    first: (name: string) => {
      moments[name] ??= nowMs();
    },
    /** The last time counts. */
    last: (name: string) => {
      moments[name] = nowMs();
    },
  };
}

const milliseconds = ({ user, system }: NodeJS.CpuUsage) => (user + system) / 1000;
