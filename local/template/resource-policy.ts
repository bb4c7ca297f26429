import type { Resource } from "./stack.ts";

/**
 * Checks the resource policy of a queue or bucket. The only supported statement denies requests without TLS. It never
 * applies locally, where the loopback interface stands for AWS' HTTPS endpoints.
 *
 * @param kind for the error text: `queue` or `bucket`
 * @throws if the policy has any other statement
 */
export function checkResourcePolicy({ logicalId, properties }: Resource, kind: string): void {
  const { Statement = [] } = properties.PolicyDocument as { Statement?: unknown };
  for (const statement of [Statement].flat() as Record<string, unknown>[]) {
    const deniesWithoutTls =
      statement.Effect === "Deny" && JSON.stringify(statement.Condition) === '{"Bool":{"aws:SecureTransport":"false"}}';
    if (deniesWithoutTls) continue;
    throw new Error(
      `${logicalId}: the local runtime supports only a ${kind} policy that denies requests without TLS, got ${JSON.stringify(statement).slice(0, 200)}; grant actions to roles instead`,
    );
  }
}
