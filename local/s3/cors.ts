import type { IncomingHttpHeaders } from "node:http";
import { matches } from "../iam/wildcard.ts";

/** One rule of a bucket's CORS configuration. */
export interface CorsRule {
  /** Each may hold one `*`. */
  origins: string[];
  methods: string[];
  headers: string[];
  exposed: string[];
  maxAgeSeconds: number | undefined;
}

/**
 * What S3 tells a browser about pages of this origin: the first rule that is for them counts.
 *
 * @param method of the request, or that which a preflight asks for
 * @returns `undefined` if no rule is for them
 */
export function corsHeaders(
  rules: readonly CorsRule[],
  method: string,
  headers: IncomingHttpHeaders,
): Record<string, string> | undefined {
  const { origin } = headers;
  if (origin === undefined) return undefined;
  const wanted = (headers["access-control-request-headers"] ?? "").split(",").map((name) => name.trim().toLowerCase());
  const rule = rules.find(
    ({ origins, methods, headers: allowed }) =>
      origins.some((pattern) => matches(pattern, origin)) &&
      methods.includes(method) &&
      wanted.every((name) => name === "" || allowed.some((pattern) => matches(pattern.toLowerCase(), name))),
  );
  if (!rule) return undefined;
  const isAny = rule.origins.includes("*");
  return {
    "access-control-allow-origin": isAny ? "*" : origin,
    "access-control-allow-methods": rule.methods.join(", "),
    ...(wanted.some((name) => name !== "") && { "access-control-allow-headers": wanted.join(", ") }),
    ...(rule.exposed.length > 0 && { "access-control-expose-headers": rule.exposed.join(", ") }),
    ...(rule.maxAgeSeconds !== undefined && { "access-control-max-age": String(rule.maxAgeSeconds) }),
    ...(!isAny && { "access-control-allow-credentials": "true" }),
    vary: "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
  };
}
