import { Duration, Lazy } from "aws-cdk-lib";
import { expect, test } from "vitest";
import type { DownlinkProps } from "../../lib/index.ts";
import { type Resource, readable, resourcesOf, synthesize } from "./synthesize.ts";

const template = synthesize();
const bucketOf = (props: DownlinkProps): Resource => {
  const [bucket, ...others] = Object.values(resourcesOf(synthesize(props), "AWS::S3::Bucket"));
  expect(others).toEqual([]);
  return bucket as Resource;
};

test("the bucket is private, encrypted, unversioned and retained", () => {
  const { Properties, DeletionPolicy } = bucketOf({});
  expect(DeletionPolicy).toBe("RetainExceptOnCreate");
  expect(Properties.PublicAccessBlockConfiguration).toEqual({
    BlockPublicAcls: true,
    BlockPublicPolicy: true,
    IgnorePublicAcls: true,
    RestrictPublicBuckets: true,
  });
  expect(Properties.BucketEncryption.ServerSideEncryptionConfiguration).toEqual([
    { ServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } },
  ]);
  expect(Properties).not.toHaveProperty("VersioningConfiguration");
});

test("its policy only denies requests without TLS", () => {
  const [policy, ...others] = Object.values(resourcesOf(template, "AWS::S3::BucketPolicy"));
  expect(others).toEqual([]);
  const [statement, ...more] = policy?.Properties.PolicyDocument.Statement ?? [];
  expect(more).toEqual([]);
  expect(statement).toMatchObject({
    ...{ Effect: "Deny", Action: "s3:*", Principal: { AWS: "*" } },
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  });
  expect(statement.Resource.map((arn: unknown) => readable(template, arn))).toEqual([
    "<Payloads/Bucket.Arn>",
    "<Payloads/Bucket.Arn>/*",
  ]);
});

test.each<[string, DownlinkProps, number]>([
  ["a day of messages", {}, 2],
  ["an hour", { retention: Duration.hours(1) }, 2],
  ["a day and a second", { retention: Duration.seconds(86_401) }, 3],
  ["thirty days", { retention: Duration.days(30) }, 31],
  [
    "the longest retention, if it is a token",
    { retention: Duration.seconds(Lazy.number({ produce: () => 3600 })) },
    31,
  ],
])("objects outlive %s", (_, props, days) => {
  expect(bucketOf(props).Properties.LifecycleConfiguration.Rules).toEqual([
    { ExpirationInDays: days, Status: "Enabled" },
  ]);
});

test.each<[string, DownlinkProps, string[]]>([
  ["of any origin", {}, ["*"]],
  [
    "of the allowed origins only",
    { allowedOrigins: ["https://a.example", "https://b.example"] },
    ["https://a.example", "https://b.example"],
  ],
])("pages %s may fetch objects", (_, props, AllowedOrigins) => {
  expect(bucketOf(props).Properties.CorsConfiguration.CorsRules).toEqual([
    { AllowedMethods: ["GET"], AllowedOrigins, MaxAge: 3600 },
  ]);
});

test("no function or custom resource deletes or lists its objects", () => {
  expect(Object.keys(resourcesOf(template, "AWS::Lambda::Function"))).toHaveLength(6);
  expect(JSON.stringify(template.toJSON())).not.toMatch(/s3:(Delete|List)|Custom::S3AutoDelete/);
});
