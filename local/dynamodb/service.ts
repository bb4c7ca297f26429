import { json } from "../http/json-response.ts";
import type { Input, Need, Service } from "../http/json-service.ts";
import type { Place } from "../template/physical-names.ts";
import type { Database } from "./database.ts";

/** Hands requests on to the database as they are. */
export const dynamoDb = (place: Place, database: Database): Service => ({
  name: "DynamoDB",
  prefix: "dynamodb",
  needs: (operation, input) => dynamoDbNeeds(place, operation, input),
  refuse: (Message) => json(400, { __type: "com.amazon.coral.service#AccessDeniedException", Message }),
  serve: (operation, _, { body }) => database.request(operation, body),
});

function dynamoDbNeeds(place: Place, operation: string, input: Input): Need[] | undefined {
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

const tableArn = ({ partition, region, accountId }: Place, name: string) =>
  name.startsWith("arn:") ? name : `arn:${partition}:dynamodb:${region}:${accountId}:table/${name}`;
