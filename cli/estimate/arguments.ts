import { parseArgs } from "node:util";
import { limits } from "../../protocol/limits.ts";
import { defaults, membersOf, type Question, usualMembers } from "./scenario.ts";

export type Arguments =
  | { kind: "help" }
  /** Plots and tables are written into a folder. */
  | { kind: "docs"; folder: string }
  | { kind: "estimate"; question: Question; isJson: boolean; seed: number | undefined };

interface Option {
  field: keyof Question;
  from: number;
  to: number;
  isWhole: boolean;
  what: string;
}
const whole = (field: keyof Question, from: number, to: number, what: string): Option => {
  return { field, from, to, isWhole: true, what };
};
const decimal = (field: keyof Question, from: number, to: number, what: string): Option => {
  return { field, from, to, isWhole: false, what };
};

const options: Record<string, Option> = {
  connections: whole("connections", 1, 1e8, "open at any moment; the one that has to be named"),
  rooms: whole("rooms", 1, 1e9, `[connections / ${usualMembers}] all rooms there are`),
  "rooms-per-connection": whole("roomsPerConnection", 1, limits.roomsPerConnection, "each connection is in so many"),
  "pushes-per-minute": decimal("pushesPerMinute", 0, 1e9, "to rooms, all together"),
  "everyone-per-day": decimal("everyonePerDay", 0, 86_400, "pushes to everyone"),
  payload: whole("payloadBytes", 1, limits.payloadBytes, "bytes of a message's data"),
  heartbeat: decimal("heartbeatSeconds", 5, 570, "seconds of silence before a client asks"),
  qos: whole("qos", 0, 1, "0: not kept, no acks"),
  "posts-per-second": whole("postsPerSecond", 2, 1e6, "the stack's pace of large pushes"),
  "socket-rate-limit": whole("socketRateLimit", 1, 1e7, "the stack's limit of handshakes and frames"),
  "requests-per-second": whole("requestsPerSecond", 100, 1e7, "AWS's quota of account and Region"),
  "connects-per-second": whole("connectsPerSecond", 10, 1e6, "AWS's quota of new connections"),
  "everyone-within": decimal("everyoneWithinSeconds", 1, 86_400, "goal: seconds for a push to everyone"),
  "back-within": decimal("backWithinSeconds", 60, 86_400, "goal: seconds until all are back after an outage"),
};

/**
 * Reads the command line of `npm run estimate`.
 *
 * @throws with what is allowed, for unknown options and wrong values
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
  ) as Partial<Question> & Pick<Question, "connections">;
  const question = withDefaults(given);
  if (membersOf(question) > question.connections) {
    throw new Error(
      `--rooms should be at least --rooms-per-connection (${question.roomsPerConnection}), got ${question.rooms}; a connection cannot be in more rooms than there are`,
    );
  }
  const most = question.connections * question.roomsPerConnection;
  if (question.rooms > most) {
    throw new Error(
      `--rooms should be at most ${most.toLocaleString("en")} (connections × rooms per connection), got ${question.rooms.toLocaleString("en")}; count those that somebody is in`,
    );
  }
  const seed = values.simulate ? 1 : undefined;
  return { kind: "estimate", question, isJson: values.json === true, seed };
}

/** @returns the question with everything that nobody said */
export function withDefaults(given: Partial<Question> & Pick<Question, "connections">): Question {
  const all = { ...defaults, ...given };
  return {
    rooms: Math.max(all.roomsPerConnection, Math.round((all.connections * all.roomsPerConnection) / usualMembers)),
    ...all,
  };
}

const usage = "npm run estimate -- --connections 100000 [--pushes-per-minute 60] …";
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

/** A number below zero is a wrong value, not an option: it is told so. */
const withNumbers = (args: string[]): string[] =>
  args.flatMap((arg, i) => {
    const next = args[i + 1];
    const isNumber = (text?: string) => text !== undefined && /^-[\d.]/.test(text);
    if (isNumber(arg) && args[i - 1]?.startsWith("--")) return [];
    return arg.startsWith("--") && isNumber(next) ? [`${arg}=${next}`] : [arg];
  });

function numberOf(name: string, { from, to, isWhole }: Option, text: string): number {
  const plain = text.replaceAll(/[_,](?=\d{3})/g, "");
  const number = Number(plain);
  const isNumber = /^\d+(\.\d+)?(e\d+)?$/.test(plain) && (!isWhole || Number.isInteger(number));
  if (isNumber && number >= from && number <= to) return number;
  const kind = isWhole ? "a whole number" : "a number";
  throw new Error(
    `--${name} should be ${kind} from ${from.toLocaleString("en")} to ${to.toLocaleString("en")}, got ${text}; --help lists all options`,
  );
}

export function helpText(): string {
  const lines = Object.entries(options).map(([name, { field, what }]) => {
    const usual = (defaults as Partial<Question>)[field];
    const shown = usual === undefined ? what : `[${usual.toLocaleString("en")}] ${what}`;
    return `  --${name.padEnd(22)} ${shown}`;
  });
  return [
    usage,
    "",
    "What a stack costs a month, how long its deliveries take, which quota is hit first and what to ask AWS for.",
    "",
    ...lines,
    "",
    `  --${"simulate".padEnd(22)} check the times by a simulation of queue, workers and quotas`,
    `  --${"json".padEnd(22)} the same as JSON: seconds, USD, per second; null where it never ends`,
    `  --${"docs FOLDER".padEnd(22)} write the plots and tables of FOLDER/scaling.md anew`,
  ].join("\n");
}
