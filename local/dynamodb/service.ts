import { json } from "../http/json-response.ts";
import type { JsonInput, RequiredPermission, JsonService } from "../http/json-service.ts";
import type { Deployment } from "../template/physical-names.ts";
import type { Database } from "./database.ts";

/** Hands requests on to the database as they are. */
export const dynamoDbService = (place: Deployment, database: Database): JsonService => ({
  name: "DynamoDB",
  prefix: "dynamodb",
  requiredPermissions: (operation, input) => dynamoDbNeeds(place, operation, input),
  refuse: (Message) => json(400, { __type: "com.amazon.coral.service#AccessDeniedException", Message }),
  serve: (operation, _, { body }) => database.request(operation, body),
});

function dynamoDbNeeds(place: Deployment, operation: string, input: JsonInput): RequiredPermission[] | undefined {
  const action = `dynamodb:${operation}`;
  const table = (name: unknown) => tableArn(place, String(name));
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

const tableArn = ({ partition, region, accountId }: Deployment, name: string) =>
  name.startsWith("arn:") ? name : `arn:${partition}:dynamodb:${region}:${accountId}:table/${name}`;
