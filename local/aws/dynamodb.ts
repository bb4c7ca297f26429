import type { Place } from "../physical-names.ts";

/** What has to be allowed before a request is served. */
export interface Need {
  action: string;
  resource: string;
}

/**
 * What a request to DynamoDB needs.
 *
 * @param operation such as `GetItem`
 * @returns `undefined` for operations that are not served here
 */
export function dynamoDbNeeds(place: Place, operation: string, input: Record<string, unknown>): Need[] | undefined {
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
