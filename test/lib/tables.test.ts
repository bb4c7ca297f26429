import { RemovalPolicy } from "aws-cdk-lib";
import { expect, test } from "vitest";
import { readable, resourcesOf, synthesize } from "./synthesize.ts";

const template = synthesize();
const tables = Object.entries(resourcesOf(template, "AWS::DynamoDB::Table")).map(
  ([logicalId, table]) => [readable(template, { Ref: logicalId }), table] as const,
);

test.each([
  ["<Tables/Connections>", [["connectionId", "HASH", "S"]]],
  [
    "<Tables/Rooms>",
    [
      ["roomId", "HASH", "S"],
      ["item", "RANGE", "S"],
    ],
  ],
  [
    "<Tables/Messages>",
    [
      ["roomId", "HASH", "S"],
      ["seq", "RANGE", "N"],
    ],
  ],
])("%s has the expected keys", (name, keys) => {
  const properties = new Map(tables).get(name)?.Properties;
  const types = new Map(
    properties.AttributeDefinitions.map((attribute: Record<string, string>) => [
      attribute.AttributeName,
      attribute.AttributeType,
    ]),
  );
  const got = properties.KeySchema.map(({ AttributeName, KeyType }: Record<string, string>) => [
    AttributeName,
    KeyType,
    types.get(AttributeName),
  ]);
  expect(got).toEqual(keys);
});

test.each(tables)("%s is billed on demand, expires rows, has point-in-time recovery and is retained", (_, table) => {
  expect(table.Properties).toMatchObject({
    BillingMode: "PAY_PER_REQUEST",
    TimeToLiveSpecification: { AttributeName: "expiresAt", Enabled: true },
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  });
  expect(table.DeletionPolicy).toBe("RetainExceptOnCreate");
});

test("removalPolicy DESTROY applies to every resource with data", () => {
  const destroyed = synthesize({ removalPolicy: RemovalPolicy.DESTROY });
  for (const type of [
    "AWS::DynamoDB::Table",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
    "AWS::Logs::LogGroup",
  ]) {
    const policies = Object.values(resourcesOf(destroyed, type)).map(({ DeletionPolicy }) => DeletionPolicy);
    expect(new Set(policies)).toEqual(new Set(["Delete"]));
  }
});
