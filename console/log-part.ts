import { copyOnClick } from "./copy.ts";
import { cloneTemplate, element, within } from "./element.ts";
import { type ConsoleStore, type LogEntry, maxLogEntries } from "./state.ts";

const clockTime = new Intl.DateTimeFormat(undefined, {
  hourCycle: "h23",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
});

/** Data with more characters are shown on several lines. */
const lineChars = 72;

/** The log of messages and notices, the newest first. */
export function logPart(store: ConsoleStore): void {
  const list = element("log", HTMLOListElement);
  const empty = element("log-empty", HTMLElement);
  const count = element("log-count", HTMLElement);
  const clear = element("clear-log", HTMLButtonElement);
  const rows = new Map<LogEntry, HTMLLIElement>();

  clear.addEventListener("click", () => {
    store.update({ log: [] });
    element("log-panel", HTMLElement).focus();
  });
  store.render(({ log }) => {
    // Only new rows are inserted: screen readers would announce others again, and a button in them would lose the focus.
    for (const entry of log.toReversed()) {
      if (rows.has(entry)) continue;
      const row = rowOf(entry);
      rows.set(entry, row);
      list.prepend(row);
    }
    const kept = new Set(log);
    for (const [entry, row] of rows) {
      if (kept.has(entry)) continue;
      rows.delete(entry);
      row.remove();
    }
    empty.hidden = log.length > 0;
    clear.hidden = log.length === 0;
    count.textContent = countText(log.length);
  });
}

function countText(entries: number): string {
  if (entries === 0) return "";
  return entries < maxLogEntries ? String(entries) : `the newest ${maxLogEntries}`;
}

function rowOf({ kind, at, eventName, roomId, data }: LogEntry): HTMLLIElement {
  const row = cloneTemplate("log-entry", HTMLLIElement);
  row.dataset.kind = kind;
  within(row, ".entry-event", HTMLElement).textContent = eventName;
  within(row, ".entry-room", HTMLElement).textContent = targetText(kind, roomId);
  const time = within(row, "time", HTMLTimeElement);
  time.dateTime = new Date(at).toISOString();
  time.textContent = clockTime.format(at);
  const text = within(row, "pre", HTMLPreElement);
  text.textContent = format(data);
  copyOnClick(within(row, "button", HTMLButtonElement), text);
  return row;
}

/** JSON on one line if it is short. */
function format(data: unknown): string {
  // Line breaks in strings are escaped, so these are only layout.
  const line = JSON.stringify(data, null, 1).replaceAll(/\n */g, " ");
  return line.length <= lineChars ? line : JSON.stringify(data, null, 2);
}

function targetText(kind: LogEntry["kind"], roomId: string | undefined): string {
  if (roomId === undefined) return kind === "message" ? "everyone" : "";
  return roomId === "@user" ? "this user" : `room ${roomId}`;
}
