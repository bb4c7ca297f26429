import { table } from "../../cli/table.ts";

export interface Setting {
  isSecure: boolean;
  /** Time until the server responds. */
  latencyMs: number;
}

/** Medians of all rounds. */
export interface Measured {
  client: string;
  setting: Setting;
  /** Per post. */
  cpuMicros: number;
  perSecond: number;
}

const titles: Record<string, string> = {
  ours: "ours",
  signedUndici: "our signer over undici",
  sdkAll: "SDK, Promise.all",
  sdkTuned: "SDK, 50 at once, keep-alive",
  undiciBare: "undici, unsigned, no headers",
  rawSockets: "raw sockets, prepared bytes",
};

const http = { isSecure: false, latencyMs: 0 };
const tls = { isSecure: true, latencyMs: 10 };
/** Upper limits of the CPU of our posts, divided by that of another client. */
const budgets: { to: string; title: string; setting: Setting; max: number }[] = [
  { to: "sdkAll", title: "SDK, Promise.all", setting: http, max: 1 / 8 },
  { to: "sdkTuned", title: "SDK tuned", setting: http, max: 1 / 8 },
  { to: "sdkAll", title: "SDK, Promise.all", setting: tls, max: 1 / 7 },
  { to: "sdkTuned", title: "SDK tuned", setting: tls, max: 1 / 7 },
  { to: "undiciBare", title: "unsigned undici", setting: http, max: 1.4 },
  { to: "undiciBare", title: "unsigned undici", setting: tls, max: 1.4 },
];

const nameOf = ({ isSecure, latencyMs }: Setting) => `${isSecure ? "TLS" : "HTTP"}, ${latencyMs} ms`;

export function postsReport(measured: readonly Measured[], run: { rounds: number; postsPerRound: number }): string[] {
  const settings = [...new Set(measured.map(({ setting }) => nameOf(setting)))];
  const find = (client: string, setting: string) =>
    measured.find((row) => row.client === client && nameOf(row.setting) === setting);
  const cpuOf = (client: string, setting: string) => find(client, setting)?.cpuMicros ?? Number.NaN;
  const clientTable = (title: string, cell: (client: string, setting: string) => string) =>
    table(
      [title, ...settings],
      Object.entries(titles).map(([client, name]) => [name, ...settings.map((setting) => cell(client, setting))]),
    );
  return [
    ...table(
      ["CPU per post", "ratio", "budget"],
      budgets.map(({ to, title, setting, max }) => {
        const name = nameOf(setting);
        const ratio = cpuOf("ours", name) / cpuOf(to, name);
        return [`${name}: ours / ${title}`, asShare(ratio), `≤ ${asShare(max)}`, ratio <= max ? "✓" : "✗"];
      }),
    ),
    "",
    ...clientTable("CPU per post, µs", (client, setting) => cpuOf(client, setting).toFixed(1)),
    "",
    ...clientTable("posts a second", (client, setting) => `${Math.round(find(client, setting)?.perSecond ?? 0)}`),
    "",
    `Medians of ${run.rounds} rounds of ${run.postsPerRound} posts of 200 bytes. The clients take turns. 400 connections, except the SDK.`,
  ];
}

/** `1/8.2` or `1.31`. */
const asShare = (ratio: number) => (ratio < 1 ? `1/${Number((1 / ratio).toFixed(1))}` : ratio.toFixed(2));
