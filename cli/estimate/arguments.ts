import { parseArgs } from "node:util";
import { limits } from "../../protocol/limits.ts";
import { defaultRoomSize, defaults, membersOf, type Scenario } from "./scenario.ts";

export type Arguments =
  | { kind: "help" }
  /** Writes plots and tables into a folder. */
  | { kind: "docs"; folder: string }
  | { kind: "estimate"; scenario: Scenario; isJson: boolean; seed: number | undefined };

interface Option {
  field: keyof Scenario;
  min: number;
  max: number;
  isWhole: boolean;
  what: string;
}
const whole = (field: keyof Scenario, min: number, max: number, what: string): Option => {
  return { field, min, max, isWhole: true, what };
};
const decimal = (field: keyof Scenario, min: number, max: number, what: string): Option => {
  return { field, min, max, isWhole: false, what };
};

/** Options with a value, by the headings of the help text. */
const groups: Record<string, Record<string, Option>> = {
  Load: {
    connections: whole("connections", 1, 1e8, "connections open at the same time (required)"),
    rooms: whole("rooms", 1, 1e9, `[connections / ${defaultRoomSize}] rooms with at least one member`),
    "rooms-per-connection": whole("roomsPerConnection", 1, limits.roomsPerConnection, "rooms of each connection"),
    "pushes-per-minute": decimal("pushesPerMinute", 0, 1e9, "pushes to all rooms together"),
    "everyone-per-day": decimal("everyonePerDay", 0, 86_400, "pushes to everyone"),
    payload: whole("payloadBytes", 1, limits.payloadBytes, "bytes of a message's data"),
    heartbeat: decimal("heartbeatSeconds", 5, 570, "seconds of silence before a client sends a heartbeat"),
    qos: whole("qos", 0, 1, "1: logged and acked, 0: neither"),
  },
  "Settings of the stack": {
    "posts-per-second": whole("postsPerSecond", 2, 1e6, "posts of all fan-out workers together"),
    "socket-rate-limit": whole("socketRateLimit", 1, 1e7, "handshakes and client frames a second"),
  },
  "Quotas of AWS, per account and Region": {
    "requests-per-second": whole("requestsPerSecond", 100, 1e7, "API Gateway requests"),
    "connects-per-second": whole("connectsPerSecond", 10, 1e6, "API Gateway new connections"),
  },
  "Goals that the advice should reach": {
    "everyone-within": decimal("everyoneWithinSeconds", 1, 86_400, "seconds for a push to everyone"),
    "back-within": decimal("backWithinSeconds", 60, 86_400, "seconds until all pages reconnect after an outage"),
  },
};
const options: Record<string, Option> = Object.assign({}, ...Object.values(groups));

/**
 * Reads the command line of `npm run estimate`.
 *
 * @throws an error that names the allowed values, for unknown options and invalid values
 */
export function readArguments(args: string[]): Arguments {
  const values = parse(args);
  if (values.help) return { kind: "help" };
  if (typeof values.docs === "string") return { kind: "docs", folder: values.docs };
  if (values.connections === undefined) throw new Error(`--connections is missing; ${seeHelp}`);
  const given = Object.fromEntries(
    Object.entries(options).flatMap(([name, option]) => {
      const text = values[name];
      return typeof text === "string" ? [[option.field, numberOf(name, option, text)]] : [];
    }),
  ) as Partial<Scenario> & Pick<Scenario, "connections">;
  const scenario = withDefaults(given);
  if (membersOf(scenario) > scenario.connections) {
    throw new Error(
      `--rooms should be at least --rooms-per-connection (${scenario.roomsPerConnection}), got ${scenario.rooms}; a connection cannot be in more rooms than there are`,
    );
  }
  const max = scenario.connections * scenario.roomsPerConnection;
  if (scenario.rooms > max) {
    throw new Error(
      `--rooms should be at most ${max.toLocaleString("en")} (connections × rooms per connection), got ${scenario.rooms.toLocaleString("en")}; count those with at least one member`,
    );
  }
  const seed = values.simulate ? 1 : undefined;
  return { kind: "estimate", scenario, isJson: values.json === true, seed };
}

/** @returns the scenario, with defaults for everything that is not given */
export function withDefaults(given: Partial<Scenario> & Pick<Scenario, "connections">): Scenario {
  const all = { ...defaults, ...given };
  return {
    rooms: Math.max(all.roomsPerConnection, Math.round((all.connections * all.roomsPerConnection) / defaultRoomSize)),
    ...all,
  };
}

const usage = "npm run estimate -- --connections N [options]";
const seeHelp = `usage: ${usage}; --help lists all options`;

function parse(args: string[]): Record<string, string | boolean | undefined> {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  try {
    return parseArgs({
      args: withNumbers(args),
      options: {
        ...Object.fromEntries(Object.keys(options).map((name) => [name, text])),
        docs: text,
        simulate: flag,
        json: flag,
        help: { ...flag, short: "h" },
      },
    }).values as Record<string, string | boolean | undefined>;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split(". ")[0] : String(cause);
    throw new Error(`${reason}; ${seeHelp}`, { cause });
  }
}

/** Joins a negative number with its option, so that it is reported as an invalid value and not as an unknown option. */
const withNumbers = (args: string[]): string[] =>
  args.flatMap((arg, i) => {
    const next = args[i + 1];
    const isNumber = (text?: string) => text !== undefined && /^-[\d.]/.test(text);
    if (isNumber(arg) && args[i - 1]?.startsWith("--")) return [];
    return arg.startsWith("--") && isNumber(next) ? [`${arg}=${next}`] : [arg];
  });

function numberOf(name: string, { min, max, isWhole }: Option, text: string): number {
  const plain = text.replaceAll(/[_,](?=\d{3})/g, "");
  const number = Number(plain);
  const isNumber = /^\d+(\.\d+)?(e\d+)?$/.test(plain) && (!isWhole || Number.isInteger(number));
  if (isNumber && number >= min && number <= max) return number;
  const kind = isWhole ? "a whole number" : "a number";
  throw new Error(
    `--${name} should be ${kind} from ${min.toLocaleString("en")} to ${max.toLocaleString("en")}, got ${text}; --help lists all options`,
  );
}

export function helpText(): string {
  const line = (name: string, what: string) => `  --${name.padEnd(24)} ${what}`;
  const lineOf = ([name, { field, what }]: [string, Option]) => {
    const value = (defaults as Partial<Scenario>)[field];
    return line(`${name} N`, value === undefined ? what : `[${value.toLocaleString("en")}] ${what}`);
  };
  return [
    `Usage: ${usage}`,
    "",
    "Estimates the cost of a month, delivery times and the use of quotas, and lists what to change. [ ]: defaults.",
    ...Object.entries(groups).flatMap(([heading, group]) => ["", heading, ...Object.entries(group).map(lineOf)]),
    "",
    "Output",
    line("simulate", "check the times with a simulation of queue, workers and quotas"),
    line("json", "JSON instead of tables: seconds, USD, rates a second; null means never"),
    line("docs FOLDER", "update the tables of FOLDER/scaling.md and its plots"),
    line("help", "show this text"),
  ].join("\n");
}
