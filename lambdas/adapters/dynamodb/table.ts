import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";

type Row = Record<string, unknown>;
/** `names` and `values` of DynamoDB expressions, in plain JavaScript. */
export interface Expression {
  condition?: string;
  names?: Record<string, string>;
  values?: Row;
}
export interface Update extends Expression {
  update: string;
  returns?: "ALL_OLD" | "ALL_NEW";
}
export interface Pages extends Expression {
  /** Key condition of a query; a scan has none. */
  key?: string;
  filter?: string;
  /** Rows that one page reads at most, before the filter. */
  limit?: number;
  /** Key behind which to begin. */
  after?: Row;
  /** One of `of` segments of a scan. */
  segment?: { index: number; of: number };
  /** The last rows of a query come first. */
  backwards?: boolean;
}

export interface Page {
  rows: Row[];
  last?: Row;
}

/** One DynamoDB table in plain JavaScript. A condition that does not hold is a value, `"refused"`, not an exception. */
export type Table = ReturnType<typeof tableOf>;

export function tableOf(client: Pick<DynamoDBClient, "send">, TableName: string) {
  /** @returns one page of rows, with the key of the last one that was read if there are more */
  async function page({ key, filter, limit, after, segment, backwards, ...expression }: Pages): Promise<Page> {
    const input = {
      TableName,
      ConsistentRead: true,
      ...(key === undefined ? {} : { KeyConditionExpression: key }),
      ...(filter === undefined ? {} : { FilterExpression: filter }),
      ...(limit === undefined ? {} : { Limit: limit }),
      ...(after === undefined ? {} : { ExclusiveStartKey: marshall(after) }),
      ...(segment === undefined ? {} : { Segment: segment.index, TotalSegments: segment.of }),
      ...(backwards ? { ScanIndexForward: false } : {}),
      ...conditionOf(expression),
    };
    const { Items = [], LastEvaluatedKey } = await (key === undefined
      ? client.send(new ScanCommand(input))
      : client.send(new QueryCommand(input)));
    const rows = Items.map((item) => unmarshall(item));
    return { rows, ...(LastEvaluatedKey && { last: unmarshall(LastEvaluatedKey) }) };
  }

  return {
    async get(key: Row): Promise<Row | undefined> {
      // Strong: the frame that asks may come right behind the one that wrote.
      const { Item } = await client.send(new GetItemCommand({ TableName, Key: marshall(key), ConsistentRead: true }));
      return Item && unmarshall(Item);
    },

    async put(row: Row, expression: Expression = {}): Promise<"done" | "refused"> {
      const Item = marshall(row, { removeUndefinedValues: true });
      const input = { TableName, Item, ...conditionOf(expression) };
      return (await orRefused(client.send(new PutItemCommand(input)))) === "refused" ? "refused" : "done";
    },

    /** @returns the row as `returns` says, empty without it */
    async update(key: Row, { update, returns, ...expression }: Update): Promise<Row | "refused"> {
      const command = new UpdateItemCommand({
        TableName,
        Key: marshall(key),
        UpdateExpression: update,
        ReturnValues: returns ?? "NONE",
        ...conditionOf(expression),
      });
      const answer = await orRefused(client.send(command));
      return answer === "refused" ? answer : unmarshall(answer.Attributes ?? {});
    },

    /** @returns the row that was there, `"refused"` also if there was none and the condition needs one */
    async remove(key: Row, expression: Expression = {}): Promise<Row | "refused" | undefined> {
      const input = { TableName, Key: marshall(key), ReturnValues: "ALL_OLD" as const, ...conditionOf(expression) };
      const answer = await orRefused(client.send(new DeleteItemCommand(input)));
      return answer === "refused" ? answer : answer.Attributes && unmarshall(answer.Attributes);
    },

    page,

    async *pages(pages: Pages): AsyncGenerator<Row[]> {
      for (let after = pages.after; ; ) {
        const { rows, last } = await page({ ...pages, ...(after && { after }) });
        yield rows;
        if (!last) return;
        after = last;
      }
    },
  };
}

function conditionOf({ condition, names, values }: Expression) {
  return {
    ...(condition === undefined ? {} : { ConditionExpression: condition }),
    ...(names === undefined ? {} : { ExpressionAttributeNames: names }),
    ...(values === undefined ? {} : { ExpressionAttributeValues: marshall(values) }),
  };
}

/**
 * The parts of an update that sets attributes under their own names; those that are undefined stay as they are.
 *
 * @param isOnce what is there already stays too
 */
export function assignmentOf(fields: Row, isOnce = false): { set: string } & Required<Omit<Expression, "condition">> {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  const as = (name: string) => (isOnce ? `if_not_exists(#${name}, :${name})` : `:${name}`);
  return {
    set: given.map(([name]) => `#${name} = ${as(name)}`).join(", "),
    names: Object.fromEntries(given.map(([name]) => [`#${name}`, name])),
    values: Object.fromEntries(given.map(([name, value]) => [`:${name}`, value])),
  };
}

async function orRefused<T>(sent: Promise<T>): Promise<T | "refused"> {
  try {
    return await sent;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return "refused";
    throw error;
  }
}
