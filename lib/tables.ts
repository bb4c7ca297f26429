import type { RemovalPolicy } from "aws-cdk-lib";
import { AttributeType, BillingMode, Table, type TableProps } from "aws-cdk-lib/aws-dynamodb";
import { Construct } from "constructs";

export interface TablesProps {
  readonly removalPolicy: RemovalPolicy;
}

/** The three tables: connections, rooms with their members, and messages. */
export class Tables extends Construct {
  /** `connectionId` → subject, session and rooms of a connection. */
  readonly connections: Table;
  /** `roomId`, `item` → the room itself, its members, and resume points. */
  readonly rooms: Table;
  /** `roomId`, `seq` → a message of the room's log. */
  readonly messages: Table;

  constructor(scope: Construct, id: string, { removalPolicy }: TablesProps) {
    super(scope, id);
    const table = (name: string, keys: Pick<TableProps, "partitionKey" | "sortKey">) =>
      new Table(this, name, {
        ...keys,
        removalPolicy,
        billingMode: BillingMode.PAY_PER_REQUEST,
        timeToLiveAttribute: "expiresAt",
        pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      });
    const { STRING, NUMBER } = AttributeType;
    this.connections = table("Connections", { partitionKey: { name: "connectionId", type: STRING } });
    this.rooms = table("Rooms", {
      partitionKey: { name: "roomId", type: STRING },
      sortKey: { name: "item", type: STRING },
    });
    this.messages = table("Messages", {
      partitionKey: { name: "roomId", type: STRING },
      sortKey: { name: "seq", type: NUMBER },
    });
  }
}
