import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  type PutItemCommand,
  QueryCommand,
  ScanCommand,
} from "@aws-sdk/client-dynamodb";
import { type FunctionName, type Invocation, noUsage, type Usage } from "../../cli/estimate/usage.ts";

/** API Gateway bills each started 32 KB of a frame as one message. */
const messageBytes = 32 * 1024;

interface Call {
  caller: Invocation | undefined;
  /** @returns a function that settles the caller's promise */
  run(): Promise<() => void>;
}

/**
 * Counts the usage of operations. Calls that are issued together run in one phase and settle together, as if all calls
 * took the same time. The phases a function waits for are its longest chain of round trips.
 */
export class Meter {
  private usage: Usage = noUsage();
  private calls: Call[] = [];

  /** @returns the usage of `work` */
  async measure(work: () => Promise<unknown>): Promise<Usage> {
    this.usage = noUsage();
    await work();
    const { usage } = this;
    this.usage = noUsage();
    return usage;
  }

  startInvocation(name: FunctionName): Invocation {
    const invocation: Invocation = { name, roundTrips: 0, posts: 0, queueSends: 0 };
    this.usage.invocations.push(invocation);
    return invocation;
  }

  count(what: "messages" | "requests" | "queueRequests", number = 1): void {
    this.usage[what] += number;
  }

  /** Counts a frame of the WebSocket API, in either direction. */
  countFrame(text: string): void {
    this.count("messages", Math.ceil(Buffer.byteLength(text) / messageBytes));
  }

  /** The client of one invocation, whose calls are counted. */
  dynamoOf(client: DynamoDBClient, caller: Invocation): Pick<DynamoDBClient, "send"> {
    const send = (command: PutItemCommand) => this.inPhase(caller, () => this.charged(client, command));
    return { send: send as unknown as DynamoDBClient["send"] };
  }

  /** Waits for one phase, in which concurrent calls run. */
  pause = (): Promise<void> => this.inPhase(undefined, async () => {});

  private async charged(client: DynamoDBClient, command: PutItemCommand) {
    const isRead = [GetItemCommand, QueryCommand, ScanCommand].some(
      (reading) => (command as object) instanceof reading,
    );
    command.input.ReturnConsumedCapacity = "TOTAL";
    const charge = (units: number) => {
      // DynamoDB also bills reads that find nothing and writes whose condition fails.
      this.usage[isRead ? "reads" : "writes"] += Math.max(1, units);
    };
    try {
      const output = await client.send(command);
      charge(output.ConsumedCapacity?.CapacityUnits ?? 0);
      return output;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) charge(1);
      throw error;
    }
  }

  private inPhase<T>(caller: Invocation | undefined, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const run = () =>
        work().then(
          (value) => () => resolve(value),
          (error) => () => reject(error),
        );
      this.calls.push({ caller, run });
      // Continuations of the last phase run before this one.
      if (this.calls.length === 1) setImmediate(() => void this.runPhase());
    });
  }

  private async runPhase(): Promise<void> {
    const calls = this.calls;
    this.calls = [];
    for (const caller of new Set(calls.map((call) => call.caller))) {
      if (caller) caller.roundTrips += 1;
    }
    const settles = await Promise.all(calls.map(({ run }) => run()));
    for (const settle of settles) settle();
  }
}
