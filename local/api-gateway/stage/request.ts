import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIPv4 } from "node:net";

/** The parts of an HTTP request that API Gateway passes to functions. */
export interface RequestDetails {
  /** Not decoded, without the query string. */
  path: string;
  /** Names as the client spelled them, sorted. A repeated header has its last value. */
  headers: Record<string, string>;
  multiValueHeaders: Record<string, string[]>;
  /** Decoded. A repeated parameter has its last value. */
  query: Record<string, string>;
  multiValueQuery: Record<string, string[]>;
  sourceIp: string;
  userAgent: string | undefined;
}

/**
 * @param domainName the API's host name on AWS; it becomes the `Host` of every event, as a deployed API is reached
 *   under no other name
 * @param droppedHeaders lower-case names of headers that are not passed on
 */
export function readRequest(
  request: IncomingMessage,
  domainName: string,
  droppedHeaders: ReadonlySet<string>,
): RequestDetails {
  const sourceIp = withoutIPv6Prefix(request.socket.remoteAddress ?? "127.0.0.1");
  const [path = "/", ...search] = (request.url ?? "/").split("?");
  const multiValueHeaders = clientHeaders(request, droppedHeaders);
  multiValueHeaders.set("Host", [domainName]);
  multiValueHeaders.set("X-Amzn-Trace-Id", [`Root=1-${hexSeconds()}-${randomBytes(12).toString("hex")}`]);
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
    headers: lastValues(multiValueHeaders),
    multiValueHeaders: sortByName(multiValueHeaders),
    query: lastValues(multiValueQuery),
    multiValueQuery: Object.fromEntries(multiValueQuery),
    sourceIp,
    userAgent: request.headers["user-agent"],
  };
}

/** The value of a header; names are compared without case. */
export function headerOf(headers: Record<string, string>, name: string): string | undefined {
  const lowerName = name.toLowerCase();
  return Object.entries(headers).find(([key]) => key.toLowerCase() === lowerName)?.[1];
}

/** The headers of the client, without those that API Gateway sets itself. */
function clientHeaders({ rawHeaders }: IncomingMessage, droppedHeaders: ReadonlySet<string>): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  const replaced = new Set(["host", "x-amzn-trace-id", "x-forwarded-port", "x-forwarded-proto"]);
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const spelled = rawHeaders[at] ?? "";
    const lower = spelled.toLowerCase();
    if (droppedHeaders.has(lower) || replaced.has(lower)) continue;
    const name = lower === "x-forwarded-for" ? "X-Forwarded-For" : spelled;
    headers.set(name, [...(headers.get(name) ?? []), rawHeaders[at + 1] ?? ""]);
  }
  return headers;
}

function sortByName(lists: Map<string, string[]>): Record<string, string[]> {
  const byName = [...lists].sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
  return Object.fromEntries(byName);
}

function lastValues(lists: Map<string, string[]>): Record<string, string> {
  return Object.fromEntries(Object.entries(sortByName(lists)).map(([name, values]) => [name, values.at(-1) ?? ""]));
}

const hexSeconds = () => Math.floor(Date.now() / 1000).toString(16);

/** `::ffff:127.0.0.1` is an IPv4 address in IPv6 notation. */
function withoutIPv6Prefix(address: string): string {
  const mapped = address.replace(/^::ffff:/, "");
  return isIPv4(mapped) ? mapped : address;
}
