import { parseArgs } from "node:util";

/** The options of `npm start`. */
export interface StartArguments {
  /** 0 for any free port. @default 4500 */
  port: number;
  /** @default "disk" */
  data: "memory" | "disk";
  /** Whether log lines of functions and services are hidden. @default false */
  quiet: boolean;
}

const usage = "npm start -- [--port 4500] [--data disk|memory] [--quiet]";

/** @throws if an option is unknown or has a wrong value; the error text contains the usage */
export function readArguments(args: string[]): StartArguments {
  const { port, data, quiet } = parse(args);
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new Error(`--port should be a number from 0 (any free port) to 65535, got ${port}; usage: ${usage}`);
  }
  if (data !== "memory" && data !== "disk") {
    throw new Error(`--data should be memory or disk, got ${data}; usage: ${usage}`);
  }
  return { port: Number(port), data, quiet };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        port: { type: "string", default: "4500" },
        data: { type: "string", default: "disk" },
        quiet: { type: "boolean", default: false },
      },
    }).values;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split(". ")[0] : String(cause);
    throw new Error(`${reason}; usage: ${usage}`, { cause });
  }
}
