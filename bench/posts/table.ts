export interface Setting {
  isSecure: boolean;
  /** How long the server takes for an answer. */
  latencyMs: number;
}

/** The median of all rounds. */
export interface Measured {
  name: string;
  setting: Setting;
  /** Per post. */
  cpuMicros: number;
  perSecond: number;
}

const titles: Record<string, string> = {
  ours: "ours",
  signedUndici: "our signing over undici",
  sdkAll: "SDK, Promise.all",
  sdkTuned: "SDK, 50 at once, keep-alive",
  undiciSameBytes: "undici, unsigned, as many bytes",
  undiciBare: "undici, unsigned, no headers",
  rawSockets: "raw sockets, bytes made before",
};

/** What was promised, of CPU per post. */
const goals: { title: string; isSecure: boolean; latencyMs: number; of: string; to: string; max: number }[] = [
  {
    title: "HTTP, 0 ms: ours / SDK, Promise.all",
    isSecure: false,
    latencyMs: 0,
    of: "ours",
    to: "sdkAll",
    max: 1 / 8,
  },
  { title: "HTTP, 0 ms: ours / SDK tuned", isSecure: false, latencyMs: 0, of: "ours", to: "sdkTuned", max: 1 / 8 },
  {
    title: "TLS, 10 ms: ours / SDK, Promise.all",
    isSecure: true,
    latencyMs: 10,
    of: "ours",
    to: "sdkAll",
    max: 1 / 7,
  },
  { title: "TLS, 10 ms: ours / SDK tuned", isSecure: true, latencyMs: 10, of: "ours", to: "sdkTuned", max: 1 / 7 },
  {
    title: "HTTP, 0 ms: ours / unsigned undici",
    isSecure: false,
    latencyMs: 0,
    of: "ours",
    to: "undiciBare",
    max: 1.4,
  },
  {
    title: "TLS, 10 ms: ours / unsigned undici",
    isSecure: true,
    latencyMs: 10,
    of: "ours",
    to: "undiciBare",
    max: 1.4,
  },
];

/** Ratios first, then what they were made of. */
export function postsTable(measured: readonly Measured[], run: { hops: number; postsPerRound: number }): string {
  const find = (name: string, { isSecure, latencyMs }: Setting) =>
    measured.find(
      (row) => row.name === name && row.setting.isSecure === isSecure && row.setting.latencyMs === latencyMs,
    );
  const goalLines = goals.map(({ title, of, to, max, ...setting }) => {
    const ratio = (find(of, setting)?.cpuMicros ?? Number.NaN) / (find(to, setting)?.cpuMicros ?? Number.NaN);
    return `  ${title.padEnd(40)}${asShare(ratio).padStart(8)}  ≤ ${asShare(max).padEnd(5)} ${ratio <= max ? "✓" : "✗"}`;
  });
  const settings = [...new Set(measured.map(({ setting }) => setting))];
  const head = settings.map(({ isSecure, latencyMs }) => `${isSecure ? "TLS" : "HTTP"}, ${latencyMs} ms`.padStart(20));
  const rows = Object.keys(titles).map((name) => {
    const cells = settings.map((setting) => {
      const row = find(name, setting);
      const [micros, perSecond] = [row?.cpuMicros.toFixed(1) ?? "", Math.round(row?.perSecond ?? 0)];
      return `${micros.padStart(11)}${`${perSecond}`.padStart(9)}`;
    });
    return `${titles[name]?.padEnd(32)}${cells.join("")}`;
  });
  return [
    "```",
    "CPU of the posting process, per post",
    ...goalLines,
    "",
    `${"".padEnd(32)}${head.join("")}`,
    `${"".padEnd(32)}${settings.map(() => `${"µs".padStart(11)}${"posts/s".padStart(9)}`).join("")}`,
    ...rows,
    "",
    `Medians of ${run.hops} rounds of ${run.postsPerRound} posts of 200 bytes, the ways in turn. 400 connections, where the way lets one choose.`,
    "```",
  ].join("\n");
}

/** `1/8.2` or `1.31`. */
const asShare = (ratio: number) => (ratio < 1 ? `1/${Number((1 / ratio).toFixed(1))}` : ratio.toFixed(2));
