import type { Statement } from "./role-statements.ts";
import { matches, matchesArn } from "./wildcard.ts";

/** `noAllow`: no statement applies (implicit deny). `denied`: a Deny statement applies, whatever others allow. */
export type Decision = "allowed" | "noAllow" | "denied";

/**
 * Evaluates the statements of identity-based policies for one request.
 *
 * @param action such as `dynamodb:GetItem`; case-insensitive
 * @param resource an ARN; case-sensitive
 */
export function decide(statements: readonly Statement[], action: string, resource: string): Decision {
  const applicable = statements.filter(
    ({ actions, resources }) =>
      actions.some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase())) &&
      resources.some((pattern) => matchesArn(pattern, resource)),
  );
  if (applicable.some(({ effect }) => effect === "Deny")) return "denied";
  return applicable.length > 0 ? "allowed" : "noAllow";
}
