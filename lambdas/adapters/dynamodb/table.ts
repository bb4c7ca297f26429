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
/** A condition with its attribute names and values, in plain JavaScript. */
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
  /** Key condition of a query. Without it the table is scanned. */
  key?: string;
  filter?: string;
  /** The most rows that one page reads, before the filter. */
  limit?: number;
  /** The key after which to start. */
  after?: Row;
  /** One of `of` segments of a scan. */
  segment?: { index: number; of: number };
  /** Returns the rows of a query in descending order. */
  backwards?: boolean;
}

export interface Page {
  rows: Row[];
  last?: Row;
}

/** One DynamoDB table, with rows in plain JavaScript. A failed condition is the value `"refused"`, not an exception. */
export type Table = ReturnType<typeof tableOf>;

export function tableOf(client: Pick<DynamoDBClient, "send">, TableName: string) {
  /** Reads one page of rows. `last` is the key of the last row read, if there are more. */
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
      // Strongly consistent: this frame may follow immediately on the frame that wrote.
      const { Item } = await client.send(new GetItemCommand({ TableName, Key: marshall(key), ConsistentRead: true }));
      return Item && unmarshall(Item);
    },

    async put(row: Row, expression: Expression = {}): Promise<"done" | "refused"> {
      const Item = marshall(row, { removeUndefinedValues: true });
      const input = { TableName, Item, ...conditionOf(expression) };
      return (await orRefused(client.send(new PutItemCommand(input)))) === "refused" ? "refused" : "done";
    },

    /** @returns the row before or after the update, as `returns` requests; empty without `returns` */
    async update(key: Row, { update, returns, ...expression }: Update): Promise<Row | "refused"> {
      const command = new UpdateItemCommand({
        TableName,
        Key: marshall(key),
        UpdateExpression: update,
        ReturnValues: returns ?? "NONE",
        ...conditionOf(expression),
      });
      const output = await orRefused(client.send(command));
      return output === "refused" ? output : unmarshall(output.Attributes ?? {});
    },

    /** @returns the removed row. `"refused"` also if there was no row and the condition requires one. */
    async remove(key: Row, expression: Expression = {}): Promise<Row | "refused" | undefined> {
      const input = { TableName, Key: marshall(key), ReturnValues: "ALL_OLD" as const, ...conditionOf(expression) };
      const output = await orRefused(client.send(new DeleteItemCommand(input)));
      return output === "refused" ? output : output.Attributes && unmarshall(output.Attributes);
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
 * The parts of an update that sets attributes. Fields that are `undefined` are left out.
 *
 * @param ifAbsent sets only attributes that do not exist yet
 */
export function assignmentOf(fields: Row, ifAbsent = false): { set: string } & Required<Omit<Expression, "condition">> {
  const defined = Object.entries(fields).filter(([, value]) => value !== undefined);
  const as = (name: string) => (ifAbsent ? `if_not_exists(#${name}, :${name})` : `:${name}`);
  return {
    set: defined.map(([name]) => `#${name} = ${as(name)}`).join(", "),
    names: Object.fromEntries(defined.map(([name]) => [`#${name}`, name])),
    values: Object.fromEntries(defined.map(([name, value]) => [`:${name}`, value])),
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
