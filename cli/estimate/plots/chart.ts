import { logScale, rangeOf, spread } from "./scale.ts";

export type Point = readonly [x: number, y: number];
export interface Series {
  name: string;
  /** Values of Infinity are omitted, and the line ends with a cross. */
  points: readonly Point[];
  /** Results of a simulation, drawn as dots. */
  dots?: readonly Point[];
}
export interface Chart {
  title: string;
  /** What a reader needs to understand the chart. */
  subtitle: string;
  /** With the unit. */
  xLabel: string;
  yLabel: string;
  series: readonly Series[];
  /** Labelled horizontal lines. */
  marks?: readonly { y: number; text: string }[];
  /** Absent: the powers of ten. */
  yTicks?: readonly number[];
  xTick(value: number): string;
  yTick(value: number): string;
}

const [width, height] = [920, 480];
const area = { left: 92, right: 650, top: 84, bottom: 412 };

/** @returns the chart as SVG with logarithmic axes, for light and dark backgrounds */
export function svgOf({ title, subtitle, xLabel, yLabel, series, marks = [], yTicks, xTick, yTick }: Chart): string {
  const finite = series.map((one) => {
    return {
      ...one,
      points: one.points.filter(isFinitePoint),
      hasEnd: one.points.some(([, value]) => value === Infinity),
    };
  });
  const all = finite.flatMap(({ points, dots = [] }) => [...points, ...dots]);
  const x = logScale(rangeOf(all.map(([value]) => value)), [area.left, area.right]);
  const heights = [...all.map(([, value]) => value), ...marks.map((mark) => mark.y)];
  const y = logScale(rangeOf(heights), [area.bottom, area.top], yTicks);
  const pointAt = ([px, py]: Point) => `${round(x.at(px))} ${round(y.at(py))}`;
  const labelled = spread(
    finite.map(({ points }) => y.at(points.at(-1)?.[1] ?? 1)),
    17,
    [area.top, area.bottom],
  );
  const { left, right, top, bottom } = area;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(`${title}. ${subtitle}`)}">`,
    style(),
    `<rect class="bg" width="${width}" height="${height}" rx="8"/>`,
    `<text class="h" x="24" y="32">${escaped(title)}</text>`,
    `<text class="s" x="24" y="54">${escaped(subtitle)}</text>`,
    ...x.ticks.map((tick) => {
      const at = round(x.at(tick));
      return `<path class="grid" d="M${at} ${top}V${bottom}"/><text class="s" x="${at}" y="${bottom + 20}" text-anchor="middle">${escaped(xTick(tick))}</text>`;
    }),
    ...y.ticks.map((tick) => {
      const at = round(y.at(tick));
      return `<path class="grid" d="M${left} ${at}H${right}"/><text class="s" x="${left - 10}" y="${at + 4}" text-anchor="end">${escaped(yTick(tick))}</text>`;
    }),
    ...marks.map(({ y: value, text }) => {
      const at = round(y.at(value));
      return `<path class="mark" d="M${left} ${at}H${right}"/><text class="m" x="${left + 8}" y="${at - 6}">${escaped(text)}</text>`;
    }),
    `<text class="s" x="${(left + right) / 2}" y="${bottom + 46}" text-anchor="middle">${escaped(xLabel)}</text>`,
    `<text class="s" transform="translate(22 ${(top + bottom) / 2}) rotate(-90)" text-anchor="middle">${escaped(yLabel)}</text>`,
    ...finite.flatMap(({ name, points, dots = [], hasEnd }, i) => {
      const last = points.at(-1);
      if (!last) return [];
      const [endX, endY, labelY] = [x.at(last[0]), y.at(last[1]), labelled[i] ?? 0];
      return [
        `<path class="line c${i}" d="M${points.map(pointAt).join("L")}"/>`,
        ...dots
          .filter(isFinitePoint)
          .map((dot) => `<circle class="dot c${i}" r="4" cx="${round(x.at(dot[0]))}" cy="${round(y.at(dot[1]))}"/>`),
        // No point beyond this one is reachable.
        ...(hasEnd ? [`<path class="line c${i}" d="M${round(endX - 5)} ${round(endY - 5)}l10 10m0-10l-10 10"/>`] : []),
        `<path class="lead c${i}" d="M${round(endX + 4)} ${round(endY)}L${right + 14} ${round(labelY)}"/>`,
        `<text class="t${i}" x="${right + 20}" y="${round(labelY + 4)}">${escaped(name)}</text>`,
      ];
    }),
    "</svg>",
    "",
  ].join("\n");
}

const isFinitePoint = ([x, y]: Point) => Number.isFinite(x) && Number.isFinite(y) && y > 0;
const round = (pixels: number) => Math.round(pixels * 10) / 10;
const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

/** Colors on a light and a dark background, distinguishable without red and green. */
const colors = [
  ["#0969da", "#58a6ff"],
  ["#bc4c00", "#f0883e"],
  ["#1a7f37", "#3fb950"],
  ["#8250df", "#bc8cff"],
  ["#57606a", "#9198a1"],
  ["#bf3989", "#f778ba"],
] as const;

function style(): string {
  const of = (background: 0 | 1) =>
    colors
      .map(
        (pair, i) =>
          `.c${i}{stroke:${pair[background]}}.t${i}{fill:${pair[background]}}.dot.c${i}{fill:${pair[background]}}`,
      )
      .join("");
  return [
    "<style>",
    "text{font:13px ui-sans-serif,system-ui,sans-serif;fill:#24292f}.s{font-size:12px;fill:#57606a}.h{font-size:16px;font-weight:600}.m{font-size:12px;fill:#cf222e}",
    "path{fill:none}.grid{stroke:#d0d7de}.line{stroke-width:2.2}.lead{stroke-width:1;stroke-dasharray:2 3}.mark{stroke:#cf222e;stroke-width:1.4;stroke-dasharray:6 4}.dot{stroke-width:0}.bg{fill:#fff}",
    of(0),
    `@media (prefers-color-scheme:dark){text{fill:#e6edf3}.s{fill:#9198a1}.m{fill:#f85149}.mark{stroke:#f85149}.grid{stroke:#30363d}.bg{fill:#0d1117}${of(1)}}`,
    "</style>",
  ].join("\n");
}
