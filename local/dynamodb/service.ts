import { json } from "../http/json-response.ts";
import type { JsonInput, JsonService, RequiredPermission } from "../http/json-service.ts";
import { arnOf, type Deployment } from "../template/deployment.ts";
import type { Database } from "./database.ts";

/** DynamoDB: forwards authorized requests to the database unchanged. */
export const dynamoDbService = (deployment: Deployment, database: Database): JsonService => ({
  name: "DynamoDB",
  prefix: "dynamodb",
  requiredPermissions: (operation, input) => requiredPermissions(deployment, operation, input),
  accessDenied: (Message) => json(400, { __type: "com.amazon.coral.service#AccessDeniedException", Message }),
  serve: (operation, _, { body }) => database.request(operation, body),
});

function requiredPermissions(
  deployment: Deployment,
  operation: string,
  input: JsonInput,
): RequiredPermission[] | undefined {
  const action = `dynamodb:${operation}`;
  const table = (name: unknown) => tableArn(deployment, String(name));
  switch (operation) {
    case "GetItem":
    case "PutItem":
    case "UpdateItem":
    case "DeleteItem":
    case "DescribeTable":
      return [{ action, resource: table(input.TableName) }];
    case "Query":
    case "Scan": {
      const index = input.IndexName === undefined ? "" : `/index/${input.IndexName}`;
      return [{ action, resource: `${table(input.TableName)}${index}` }];
    }
    case "BatchGetItem":
    case "BatchWriteItem":
      return Object.keys(input.RequestItems ?? {}).map((name) => ({ action, resource: table(name) }));
    default:
      return undefined;
  }
}

// `TableName` can be a name or an ARN.
const tableArn = (deployment: Deployment, name: string) =>
  name.startsWith("arn:") ? name : arnOf(deployment, "dynamodb", `table/${name}`);
