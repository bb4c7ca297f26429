import type { ServerResponse } from "node:http";
import type { ProxyResult } from "../integration/proxy-result.ts";
import { createId } from "../stage/ids.ts";

/** Headers that API Gateway sets itself; a Lambda's own come out under another name. */
const remapped = new Set([
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

/** Answers with what a Lambda behind AWS_PROXY returned. */
export function writeProxyResult(response: ServerResponse, { statusCode, headers, multiValueHeaders, body }: ProxyResult) {
  if (response.destroyed) return;
  response.setHeader("x-amzn-requestid", createId());
  response.setHeader("content-type", "application/json");
  const merged = new Map<string, string[]>();
  for (const [name, values] of Object.entries(multiValueHeaders)) merged.set(name.toLowerCase(), values);
  for (const [name, value] of Object.entries(headers)) {
    const known = merged.get(name.toLowerCase()) ?? [];
    if (!known.includes(value)) merged.set(name.toLowerCase(), [...known, value]);
  }
  for (const [name, values] of merged) {
    response.setHeader(
      remapped.has(name) ? `x-amzn-remapped-${name}` : name,
      values.length === 1 ? (values[0] ?? "") : values,
    );
  }
  response.statusCode = statusCode;
  response.end(body ?? "");
}
