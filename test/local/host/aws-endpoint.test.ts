import {
  BatchWriteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTables } from "../../../local/dynamodb/create-tables.ts";
import { type Database, startDatabase } from "../../../local/dynamodb/database.ts";
import { dynamoDbService } from "../../../local/dynamodb/service.ts";
import { startAwsEndpoint } from "../../../local/host/aws-endpoint.ts";
import { addGeneratedValues } from "../../../local/host/generated-values.ts";
import type { LoopbackServer } from "../../../local/http/loopback-server.ts";
import { createIam } from "../../../local/iam/iam.ts";
import { secretsManagerService } from "../../../local/secrets-manager/service.ts";
import { resolveStack, type Stack } from "../../../local/template/stack.ts";
import { noFaults } from "../../../local/world/faults.ts";
import { createInvocations } from "../../../local/world/invocations.ts";
import { assemblyOf, smallResources } from "../support/small-template.ts";

let stack: Stack;
let database: Database;
let aws: LoopbackServer;
let dynamo: DynamoDBClient;
let secrets: SecretsManagerClient;
let TableName: string;

beforeAll(async () => {
  const assembly = assemblyOf(smallResources());
  addGeneratedValues(assembly.template);
  stack = resolveStack(assembly);
  TableName = stack.physicalId("Table");
  database = await startDatabase();
  await createTables(stack, database);
  const iam = createIam(stack);
  const services = {
    DynamoDB_20120810: dynamoDbService(stack, database),
    secretsmanager: secretsManagerService(stack),
  };
  aws = await startAwsEndpoint({ iam, invocations: createInvocations(noFaults()), services });
  const config = {
    endpoint: aws.url,
    region: "us-east-1",
    credentials: iam.principalOfFunction("Function"),
    maxAttempts: 1,
  };
  dynamo = new DynamoDBClient(config);
  secrets = new SecretsManagerClient(config);
});
afterAll(async () => {
  dynamo.destroy();
  secrets.destroy();
  await aws.close();
  await database.close();
});

const key = { id: { S: "a" } };

describe("DynamoDB", () => {
  test("serves a request that the role allows", async () => {
    await dynamo.send(new PutItemCommand({ TableName, Item: { ...key, at: { N: "1" } } }));
    const { Item } = await dynamo.send(new GetItemCommand({ TableName, Key: key }));
    expect(Item).toEqual({ id: { S: "a" }, at: { N: "1" } });
  });

  test("allows a query of the index and denies a query of the table", async () => {
    const query = { KeyConditionExpression: "#at = :at", ExpressionAttributeNames: { "#at": "at" } };
    const ExpressionAttributeValues = { ":at": { N: "1" } };
    const ofIndex = new QueryCommand({ TableName, IndexName: "byTime", ...query, ExpressionAttributeValues });
    expect((await dynamo.send(ofIndex)).Count).toBe(1);
    const ofTable = dynamo.send(new QueryCommand({ TableName, ...query, ExpressionAttributeValues }));
    await expect(ofTable).rejects.toMatchObject({ name: "AccessDeniedException" });
  });

  test("checks the permission for every table of a batch", async () => {
    const batch = (name: string) => ({ [name]: [{ PutRequest: { Item: key } }] });
    await dynamo.send(new BatchWriteItemCommand({ RequestItems: batch(TableName) }));
    const both = new BatchWriteItemCommand({ RequestItems: { ...batch(TableName), ...batch("Others") } });
    await expect(dynamo.send(both)).rejects.toMatchObject({
      name: "AccessDeniedException",
      message: expect.stringContaining("arn:aws:dynamodb:us-east-1:000000000000:table/Others"),
    });
  });

  test("denies a request that the role does not allow, with AWS' message", async () => {
    await expect(dynamo.send(new ScanCommand({ TableName }))).rejects.toMatchObject({
      name: "AccessDeniedException",
      $metadata: { httpStatusCode: 400 },
      message: `User: arn:aws:sts::000000000000:assumed-role/${stack.physicalId("Role")}/${stack.physicalId("Function")} is not authorized to perform: dynamodb:Scan on resource: ${stack.arn("Table")} because no identity-based policy allows the dynamodb:Scan action`,
    });
  });

  test("rejects an unknown access key", async () => {
    const credentials = { accessKeyId: "ASIANOBODY", secretAccessKey: "x" };
    const stranger = new DynamoDBClient({ endpoint: aws.url, region: "us-east-1", credentials, maxAttempts: 1 });
    const response = stranger.send(new GetItemCommand({ TableName, Key: key }));
    await expect(response).rejects.toMatchObject({ name: "UnrecognizedClientException" });
    stranger.destroy();
  });

  test("names an operation that is not served", async () => {
    const transaction = dynamo.send(
      new TransactWriteItemsCommand({ TransactItems: [{ Put: { TableName, Item: key } }] }),
    );
    await expect(transaction).rejects.toMatchObject({
      message: "the local runtime does not serve TransactWriteItems of DynamoDB",
    });
  });
});

describe("Secrets Manager", () => {
  test("returns the generated value", async () => {
    const SecretId = stack.physicalId("Secret");
    const secret = await secrets.send(new GetSecretValueCommand({ SecretId }));
    expect(secret).toMatchObject({ ARN: SecretId, SecretString: expect.stringMatching(/^[A-Za-z0-9]{40}$/) });
  });

  test("denies another secret with AWS' message", async () => {
    const SecretId = "arn:aws:secretsmanager:us-east-1:000000000000:secret:other-abcdef";
    await expect(secrets.send(new GetSecretValueCommand({ SecretId }))).rejects.toMatchObject({
      name: "AccessDeniedException",
      $metadata: { httpStatusCode: 400 },
      message: expect.stringMatching(
        /not authorized to perform: secretsmanager:GetSecretValue on resource: .*other-abcdef/,
      ),
    });
  });

  test("names an operation that is not served", async () => {
    const put = secrets.send(new PutSecretValueCommand({ SecretId: "x", SecretString: "y" }));
    await expect(put).rejects.toMatchObject({ message: expect.stringContaining("PutSecretValue of Secrets Manager") });
  });
});
