import { type PropertyReader, readResource } from "../read-resource.ts";
import type { Resource, Stack } from "../stack.ts";
import type { CorsRule } from "./cors.ts";

/** A bucket of the template. */
export interface BucketSpec {
  name: string;
  arn: string;
  cors: CorsRule[];
}

/** @throws if the template uses what these buckets do not do */
export function readBuckets(stack: Stack): BucketSpec[] {
  for (const policy of stack.ofType("AWS::S3::BucketPolicy")) readPolicy(policy);
  return stack.ofType("AWS::S3::Bucket").map((resource) => {
    // Nobody comes in here without a signature, nobody sees what a disk of AWS holds, and nothing is ever deleted by
    // its age: S3 is a day late with that, too.
    const reader = readResource(resource).without(
      ...["BucketName", "Tags", "BucketEncryption", "PublicAccessBlockConfiguration", "LifecycleConfiguration"],
    );
    const configuration = reader.object("CorsConfiguration");
    const cors = configuration?.objects("CorsRules").map(readCorsRule) ?? [];
    configuration?.done();
    reader.done();
    const { logicalId } = resource;
    return { name: stack.physicalId(logicalId), arn: stack.arn(logicalId), cors };
  });
}

function readCorsRule(reader: PropertyReader): CorsRule {
  const rule: CorsRule = {
    origins: reader.texts("AllowedOrigins"),
    methods: reader.texts("AllowedMethods"),
    headers: reader.texts("AllowedHeaders"),
    exposed: reader.texts("ExposedHeaders"),
    maxAgeSeconds: reader.optionalNumber("MaxAge"),
  };
  reader.without("Id").done();
  return rule;
}

/** Only "nobody without TLS" is understood, as here everybody is behind it: the loopback stands for AWS' HTTPS. */
function readPolicy({ logicalId, properties }: Resource): void {
  const { Statement = [] } = properties.PolicyDocument as { Statement?: unknown };
  for (const statement of [Statement].flat() as Record<string, unknown>[]) {
    const isForTlsOnly =
      statement.Effect === "Deny" && JSON.stringify(statement.Condition) === '{"Bool":{"aws:SecureTransport":"false"}}';
    if (isForTlsOnly) continue;
    throw new Error(
      `${logicalId}: the local runtime understands a bucket's policy that denies requests without TLS, got ${JSON.stringify(statement).slice(0, 200)}; grant actions to roles instead`,
    );
  }
}
