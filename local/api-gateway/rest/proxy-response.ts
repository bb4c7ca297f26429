import type { ServerResponse } from "node:http";
import type { ProxyResult } from "../integration/proxy-result.ts";
import { createId } from "../stage/ids.ts";

/** Headers that API Gateway sets itself. It renames those of a function to `x-amzn-remapped-…`. */
const remappedHeaders = new Set([
  "connection",
  "content-length",
  "date",
  "host",
  "server",
  "transfer-encoding",
  "via",
  "www-authenticate",
  "x-amzn-requestid",
]);

/** Sends the result of a proxy integration. The content type is JSON unless the function sets another. */
export function sendProxyResult(
  response: ServerResponse,
  { statusCode, headers, multiValueHeaders, body }: ProxyResult,
): void {
  if (response.destroyed) return;
  response.setHeader("x-amzn-requestid", createId());
  response.setHeader("content-type", "application/json");
  for (const [name, values] of mergeHeaders(headers, multiValueHeaders)) {
    response.setHeader(
      remappedHeaders.has(name) ? `x-amzn-remapped-${name}` : name,
      values.length === 1 ? (values[0] ?? "") : values,
    );
  }
  response.statusCode = statusCode;
  response.end(body ?? "");
}

/** All values of each header under its lower-case name. */
function mergeHeaders(
  headers: Record<string, string>,
  multiValueHeaders: Record<string, string[]>,
): Map<string, string[]> {
  const merged = new Map<string, string[]>();
  for (const [name, values] of Object.entries(multiValueHeaders)) merged.set(name.toLowerCase(), values);
  for (const [name, value] of Object.entries(headers)) {
    const values = merged.get(name.toLowerCase()) ?? [];
    if (!values.includes(value)) merged.set(name.toLowerCase(), [...values, value]);
  }
  return merged;
}
