/** Three significant digits with thousands separators: 1,234,000 · 12.3 · 0.456. */
export function amount(count: number): string {
  if (count === Infinity) return "never";
  if (count === 0) return "0";
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(count))));
  return count.toLocaleString("en", { maximumFractionDigits: Math.min(6, digits) });
}

/** As `amount`, with the words million and billion. */
export function large(count: number): string {
  if (count >= 1e9) return `${amount(count / 1e9)} billion`;
  if (count >= 1e6) return `${amount(count / 1e6)} million`;
  return amount(count >= 100 ? Math.round(count) : count);
}

/** Dollars with cents; a dot for zero. */
export const usd = (dollars: number): string =>
  dollars === 0 ? "·" : dollars.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** Seconds in the unit that suits them: 45 ms · 20.5 s · 33 min · 5.6 h · never. */
export function duration(seconds: number): string {
  if (seconds === Infinity) return "never";
  if (seconds < 0.9995) return `${amount(Math.round(seconds * 1000))} ms`;
  if (seconds < 120) return `${amount(seconds)} s`;
  if (seconds < 7_200) return `${amount(seconds / 60)} min`;
  return `${amount(seconds / 3_600)} h`;
}

/** @param share 1 is all */
export const percent = (share: number): string => {
  if (share > 0 && share < 0.001) return "< 0.1 %";
  return `${(share * 100).toLocaleString("en", { maximumFractionDigits: share < 0.0995 ? 1 : 0 })} %`;
};
