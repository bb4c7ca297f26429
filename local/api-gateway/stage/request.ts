import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIPv4 } from "node:net";

/** What an event tells of an HTTP request. */
export interface RequestDetails {
  /** Undecoded, without the query string. */
  path: string;
  /** Names as the client spelled them, in alphabetical order; of several values the last. */
  headers: Record<string, string>;
  multiValueHeaders: Record<string, string[]>;
  query: Record<string, string>;
  multiValueQuery: Record<string, string[]>;
  sourceIp: string;
  userAgent: string | undefined;
}

/**
 * @param domainName what API Gateway calls itself; it is the `Host` of every event, since that is the only name under
 *   which the deployed API is reached
 * @param without lower-case names of headers that do not get into the event
 */
export function readRequest(request: IncomingMessage, domainName: string, without: ReadonlySet<string>): RequestDetails {
  const sourceIp = plainIp(request.socket.remoteAddress ?? "127.0.0.1");
  const [path = "/", ...search] = (request.url ?? "/").split("?");
  const multiValueHeaders = headersOf(request, without);
  multiValueHeaders.set("Host", [domainName]);
  multiValueHeaders.set("X-Amzn-Trace-Id", [`Root=1-${seconds()}-${randomBytes(12).toString("hex")}`]);
  const forwardedFor = multiValueHeaders.get("X-Forwarded-For") ?? [];
  multiValueHeaders.set("X-Forwarded-For", [[...forwardedFor, sourceIp].join(", ")]);
  multiValueHeaders.set("X-Forwarded-Port", ["443"]);
  multiValueHeaders.set("X-Forwarded-Proto", ["https"]);
  const multiValueQuery = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(search.join("?"))) {
    multiValueQuery.set(name, [...(multiValueQuery.get(name) ?? []), value]);
  }
  return {
    path,
    headers: lastOf(multiValueHeaders),
    multiValueHeaders: sorted(multiValueHeaders),
    query: lastOf(multiValueQuery),
    multiValueQuery: Object.fromEntries(multiValueQuery),
    sourceIp,
    userAgent: request.headers["user-agent"],
  };
}

/** The value of a header, however it is spelled. */
export function headerOf(headers: Record<string, string>, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return Object.entries(headers).find(([key]) => key.toLowerCase() === wanted)?.[1];
}

function headersOf({ rawHeaders }: IncomingMessage, without: ReadonlySet<string>): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  const replaced = new Set(["host", "x-amzn-trace-id", "x-forwarded-port", "x-forwarded-proto"]);
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const spelled = rawHeaders[at] ?? "";
    const lower = spelled.toLowerCase();
    if (without.has(lower) || replaced.has(lower)) continue;
    const name = lower === "x-forwarded-for" ? "X-Forwarded-For" : spelled;
    headers.set(name, [...(headers.get(name) ?? []), rawHeaders[at + 1] ?? ""]);
  }
  return headers;
}

function sorted(lists: Map<string, string[]>): Record<string, string[]> {
  const byName = [...lists].sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
  return Object.fromEntries(byName);
}

function lastOf(lists: Map<string, string[]>): Record<string, string> {
  return Object.fromEntries(Object.entries(sorted(lists)).map(([name, values]) => [name, values.at(-1) ?? ""]));
}

const seconds = () => Math.floor(Date.now() / 1000).toString(16);

function plainIp(address: string): string {
  const mapped = address.replace(/^::ffff:/, "");
  return isIPv4(mapped) ? mapped : address;
}
