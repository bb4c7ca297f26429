import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  type PutItemCommand,
  QueryCommand,
  ScanCommand,
} from "@aws-sdk/client-dynamodb";
import { type FunctionName, type Invocation, noUsage, type Usage } from "../../cli/estimate/usage.ts";

/** What API Gateway counts as one message. */
const messageBytes = 32 * 1024;

interface Call {
  caller: Invocation | undefined;
  /** Makes the call. @returns what hands the answer over */
  make(): Promise<() => void>;
}

/**
 * Counts what operations use. Calls that are issued while none is under way are made together and answered together, as
 * if each took equally long: so many phases as a function waits for are its longest chain of round trips.
 */
export class Meter {
  private usage: Usage = noUsage();
  private calls: Call[] = [];

  /** @returns what `work` used */
  async measure(work: () => Promise<unknown>): Promise<Usage> {
    this.usage = noUsage();
    await work();
    const used = this.usage;
    this.usage = noUsage();
    return used;
  }

  invoked(name: FunctionName): Invocation {
    const invocation: Invocation = { name, roundTrips: 0, posts: 0, orders: 0 };
    this.usage.invocations.push(invocation);
    return invocation;
  }

  count(what: "messages" | "requests" | "queueRequests", number = 1): void {
    this.usage[what] += number;
  }

  /** A frame goes through the WebSocket API, in either direction. */
  carry(text: string): void {
    this.count("messages", Math.ceil(Buffer.byteLength(text) / messageBytes));
  }

  /** The client as the invocation has it. */
  dynamoOf(client: DynamoDBClient, caller: Invocation): Pick<DynamoDBClient, "send"> {
    const send = (command: PutItemCommand) => this.inPhase(caller, () => this.charged(client, command));
    return { send: send as unknown as DynamoDBClient["send"] };
  }

  /** Lets one phase pass: what others do meanwhile is done. */
  pause = (): Promise<void> => this.inPhase(undefined, async () => {});

  private async charged(client: DynamoDBClient, command: PutItemCommand) {
    const isRead = [GetItemCommand, QueryCommand, ScanCommand].some(
      (reading) => (command as object) instanceof reading,
    );
    command.input.ReturnConsumedCapacity = "TOTAL";
    const charge = (units: number) => {
      // Nothing is free: neither a read that finds nothing nor a write whose condition does not hold.
      this.usage[isRead ? "reads" : "writes"] += Math.max(1, units);
    };
    try {
      const answer = await client.send(command);
      charge(answer.ConsumedCapacity?.CapacityUnits ?? 0);
      return answer;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) charge(1);
      throw error;
    }
  }

  private inPhase<T>(caller: Invocation | undefined, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const make = () =>
        work().then(
          (value) => () => resolve(value),
          (error) => () => reject(error),
        );
      this.calls.push({ caller, make });
      // Everything that follows from the last answers runs before it.
      if (this.calls.length === 1) setImmediate(() => void this.runPhase());
    });
  }

  private async runPhase(): Promise<void> {
    const calls = this.calls;
    this.calls = [];
    for (const caller of new Set(calls.map((call) => call.caller))) {
      if (caller) caller.roundTrips += 1;
    }
    const answers = await Promise.all(calls.map(({ make }) => make()));
    for (const hand of answers) hand();
  }
}
