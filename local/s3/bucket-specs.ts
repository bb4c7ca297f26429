import { type PropertyReader, readProperties } from "../template/property-reader.ts";
import { readResourcePolicy } from "../template/resource-policy.ts";
import type { Stack } from "../template/stack.ts";
import type { CorsRule } from "./cors.ts";

/** A bucket of the template. */
export interface BucketSpec {
  name: string;
  arn: string;
  cors: CorsRule[];
}

/** @throws if the template uses what these buckets do not do */
export function readBuckets(stack: Stack): BucketSpec[] {
  for (const policy of stack.ofType("AWS::S3::BucketPolicy")) readResourcePolicy(policy, "bucket");
  return stack.ofType("AWS::S3::Bucket").map((resource) => {
    // Nobody comes in here without a signature, nobody sees what a disk of AWS holds, and nothing is ever deleted by
    // its age: S3 is a day late with that, too.
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
