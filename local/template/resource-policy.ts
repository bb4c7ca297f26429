import type { Resource } from "./stack.ts";

/**
 * Reads the policy of a queue or bucket. Only "nobody without TLS" is understood, as here everybody is behind it: the
 * loopback stands for AWS' HTTPS.
 *
 * @param of what it is a policy of: `queue`
 * @throws if it says anything else
 */
export function readResourcePolicy({ logicalId, properties }: Resource, of: string): void {
  const { Statement = [] } = properties.PolicyDocument as { Statement?: unknown };
  for (const statement of [Statement].flat() as Record<string, unknown>[]) {
    const isForTlsOnly =
      statement.Effect === "Deny" && JSON.stringify(statement.Condition) === '{"Bool":{"aws:SecureTransport":"false"}}';
    if (isForTlsOnly) continue;
    throw new Error(
      `${logicalId}: the local runtime understands a ${of}'s policy that denies requests without TLS, got ${JSON.stringify(statement).slice(0, 200)}; grant actions to roles instead`,
    );
  }
}
