import type { Statement } from "./role-statements.ts";
import { matches, matchesArn } from "./wildcard.ts";

/** `noAllow`: nothing speaks of it; `denied`: a statement forbids it, whatever others allow. */
export type Decision = "allowed" | "noAllow" | "denied";

/**
 * @param action such as `dynamodb:GetItem`; its case does not matter
 * @param resource an ARN; its case matters
 */
export function decide(statements: readonly Statement[], action: string, resource: string): Decision {
  const about = statements.filter(
    ({ actions, resources }) =>
      actions.some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase())) &&
      resources.some((pattern) => matchesArn(pattern, resource)),
  );
  if (about.some(({ effect }) => effect === "Deny")) return "denied";
  return about.length > 0 ? "allowed" : "noAllow";
}
