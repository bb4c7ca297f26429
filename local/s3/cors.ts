import type { IncomingHttpHeaders } from "node:http";
import { matches } from "../iam/wildcard.ts";

/** A rule of a bucket's CORS configuration. */
export interface CorsRule {
  /** Each can contain one `*`. */
  origins: string[];
  methods: string[];
  headers: string[];
  exposed: string[];
  maxAgeSeconds: number | undefined;
}

/**
 * The CORS response headers of the first rule that allows the request, as S3 selects it.
 *
 * @param method the method of the request, or the requested method of a preflight
 * @returns `undefined` if no rule allows the request, or if it has no `Origin`
 */
export function corsHeaders(
  rules: readonly CorsRule[],
  method: string,
  headers: IncomingHttpHeaders,
): Record<string, string> | undefined {
  const { origin } = headers;
  if (origin === undefined) return undefined;
  const requested = (headers["access-control-request-headers"] ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase());
  const rule = rules.find(
    ({ origins, methods, headers: allowed }) =>
      origins.some((pattern) => matches(pattern, origin)) &&
      methods.includes(method) &&
      requested.every((name) => name === "" || allowed.some((pattern) => matches(pattern.toLowerCase(), name))),
  );
  if (!rule) return undefined;
  const allowsAnyOrigin = rule.origins.includes("*");
  return {
    "access-control-allow-origin": allowsAnyOrigin ? "*" : origin,
    "access-control-allow-methods": rule.methods.join(", "),
    ...(requested.some((name) => name !== "") && { "access-control-allow-headers": requested.join(", ") }),
    ...(rule.exposed.length > 0 && { "access-control-expose-headers": rule.exposed.join(", ") }),
    ...(rule.maxAgeSeconds !== undefined && { "access-control-max-age": String(rule.maxAgeSeconds) }),
    ...(!allowsAnyOrigin && { "access-control-allow-credentials": "true" }),
    vary: "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
  };
}
