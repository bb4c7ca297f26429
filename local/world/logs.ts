/** What Lambdas and the gateway print. */
export interface Logs {
  /** @param text one or more lines */
  add(source: string, text: string): void;
  /** The newest lines, oldest first. */
  readonly lines: readonly LogLine[];
}
export interface LogLine {
  /** Logical id of a function, or `gateway`. */
  readonly source: string;
  readonly text: string;
}

const maxLines = 5_000;

/** @param show is told of every line at once */
export function createLogs(show: (line: LogLine) => void = () => {}): Logs {
  const lines: LogLine[] = [];
  return {
    lines,
    add: (source, text) => {
      for (const each of text.replace(/\n$/, "").split("\n")) {
        const line = { source, text: each };
        lines.push(line);
        show(line);
      }
      if (lines.length > maxLines) lines.splice(0, lines.length - maxLines);
    },
  };
}
