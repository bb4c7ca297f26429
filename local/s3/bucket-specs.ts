import { type PropertyReader, readProperties } from "../template/property-reader.ts";
import { checkResourcePolicy } from "../template/resource-policy.ts";
import type { Stack } from "../template/stack.ts";
import type { CorsRule } from "./cors.ts";

/** A bucket of the template. */
export interface BucketSpec {
  name: string;
  arn: string;
  cors: CorsRule[];
}

/** @throws if a bucket or bucket policy uses a property that the local runtime does not support */
export function readBucketSpecs(stack: Stack): BucketSpec[] {
  for (const policy of stack.ofType("AWS::S3::BucketPolicy")) checkResourcePolicy(policy, "bucket");
  return stack.ofType("AWS::S3::Bucket").map((resource) => {
    // Every local request needs a signature, so public access is always blocked. Objects do not expire locally: S3
    // may delete them a day late, too.
    const reader = readProperties(resource).ignore(
      ...["BucketName", "Tags", "BucketEncryption", "PublicAccessBlockConfiguration", "LifecycleConfiguration"],
    );
    const configuration = reader.object("CorsConfiguration");
    const cors = configuration?.objects("CorsRules").map(readCorsRule) ?? [];
    configuration?.assertAllRead();
    reader.assertAllRead();
    const { logicalId } = resource;
    return { name: stack.physicalId(logicalId), arn: stack.arn(logicalId), cors };
  });
}

function readCorsRule(reader: PropertyReader): CorsRule {
  const rule: CorsRule = {
    origins: reader.strings("AllowedOrigins"),
    methods: reader.strings("AllowedMethods"),
    headers: reader.strings("AllowedHeaders"),
    exposed: reader.strings("ExposedHeaders"),
    maxAgeSeconds: reader.optionalNumber("MaxAge"),
  };
  reader.ignore("Id").assertAllRead();
  return rule;
}
