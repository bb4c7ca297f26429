import type { LogEntry } from "../model/message.ts";

/** Reads a room's log entries after a position, oldest first. */
export type ReadAfter = (seq: number) => Promise<LogEntry[]>;

/** Reads once per position: members with the same cursor lack the same messages. */
export function readOnce(read: ReadAfter): ReadAfter {
  const reads = new Map<number, Promise<LogEntry[]>>();
  return (seq) => {
    const entries = reads.get(seq) ?? read(seq);
    reads.set(seq, entries);
    return entries;
  };
}
