import { cpuMsSince, serve } from "../child.ts";
import type { Measurement, ServerRequest } from "./messages.ts";
import { type Moments, nowMs } from "./steps.ts";

/** Answers the requests to the process of a server. @returns functions that record a moment */
export function serveMeasurements(fillRooms: (sizes: readonly number[]) => Promise<void>) {
  let moments: Moments = {};
  let cpu = process.cpuUsage();
  let mainCpu = process.threadCpuUsage();
  serve(async (request: ServerRequest) => {
    switch (request.kind) {
      case "fillRooms":
        await fillRooms(request.sizes);
        return "filled";
      case "start":
        moments = {};
        cpu = process.cpuUsage();
        mainCpu = process.threadCpuUsage();
        return "started";
      case "stop": {
        const { user, system } = process.threadCpuUsage(mainCpu);
        return { moments, cpuMs: cpuMsSince(cpu), mainCpuMs: (user + system) / 1000 } satisfies Measurement;
      }
    }
  });
  return {
    /** Records a moment if it has not occurred before. */
    first: (moment: string) => {
      moments[moment] ??= nowMs();
    },
    /** Records a moment, also if it has occurred before. */
    last: (moment: string) => {
      moments[moment] = nowMs();
    },
  };
}
