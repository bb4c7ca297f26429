/** The log lines of functions and of the local services. */
export interface Logs {
  /** @param text one or more lines */
  add(source: string, text: string): void;
  /** The newest 5,000 lines, oldest first. */
  readonly lines: readonly LogLine[];
}
export interface LogLine {
  /** Logical id of a function, or the name of a local service: `gateway`, `queues`, `events`. */
  readonly source: string;
  readonly text: string;
}

const maxLines = 5_000;

/** @param onLine called with each line when it is added */
export function createLogs(onLine: (line: LogLine) => void = () => {}): Logs {
  const lines: LogLine[] = [];
  return {
    lines,
    add: (source, text) => {
      for (const each of text.replace(/\n$/, "").split("\n")) {
        const line = { source, text: each };
        lines.push(line);
        onLine(line);
      }
      if (lines.length > maxLines) lines.splice(0, lines.length - maxLines);
    },
  };
}
