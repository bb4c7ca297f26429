// A process with the local stack. Reports its `Endpoints`. It records the moments of a push through the switches of the
// runtime's faults: the runtime calls them at each part of a push, and they never cause a fault.
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { membersIn } from "../../lambdas/adapters/dynamodb/members.ts";
import { roomsIn } from "../../lambdas/adapters/dynamodb/rooms.ts";
import { tableOf } from "../../lambdas/adapters/dynamodb/table.ts";
import { forEachLimited } from "../../lambdas/domain/concurrency/for-each-limited.ts";
import { flatten } from "../../lambdas/domain/concurrency/pages.ts";
import type { Member } from "../../lambdas/domain/model/member.ts";
import { startLocal } from "../../local/host/runtime.ts";
import type { Template } from "../../local/template/assembly.ts";
import { everyone } from "../../protocol/ids.ts";
import { readInput, report } from "../child.ts";
import { type Endpoints, roomOf } from "./messages.ts";
import { serveMeasurements } from "./server.ts";

export interface StackInput {
  /** Posts of all workers together. Default: as in cdk.json. */
  postsPerSecond?: number;
}

const { postsPerSecond } = readInput<StackInput>();
/** One for each worker that posts, and some for the other functions. */
const maxEnvironments = 6;
const writeConcurrency = 32;

const local = await startLocal({ maxEnvironments, edit: withRate });
const { stack, faults, invocations } = local;
const idOf = (type: string, prefix: string) => {
  const found = stack.ofType(type).find(({ logicalId }) => logicalId.startsWith(prefix));
  if (!found) throw new Error(`the template has no ${type} ${prefix}`);
  return found.logicalId;
};
const pushId = idOf("AWS::Lambda::Function", "DownlinkPushApiPush");
const fanOutId = idOf("AWS::Lambda::Function", "DownlinkFanOut");
const { first, last } = serveMeasurements(fillRooms);

faults.crashes = (functionId) => {
  if (functionId === fanOutId) first("workerCalls");
  if (functionId !== pushId) return false;
  first("pushCalls");
  const newest = invocations.findLast((invocation) => invocation.functionId === pushId);
  if (newest?.calls.at(-1)?.startsWith("sqs:")) first("enqueued");
  return false;
};
faults.duplicatedMessages = () => {
  first("received");
  return false;
};
faults.slowPosts = () => {
  first("firstPost");
  last("lastPost");
  return false;
};
const { webSocketUrl, restUrl, apiKey, tokenSecret } = local;
report({ webSocketUrl, pushUrl: `${restUrl}/push`, apiKey, tokenSecret } satisfies Endpoints);

/** Raises the rate of each worker. The setting `downlink:postsPerSecond` would add workers instead. */
function withRate({ Resources }: Template): void {
  if (postsPerSecond === undefined) return;
  for (const { Properties = {} } of Object.values(Resources)) {
    const variables = (Properties.Environment as { Variables?: Record<string, unknown> } | undefined)?.Variables;
    if (variables?.POSTS_PER_SECOND !== undefined) variables.POSTS_PER_SECOND = `${postsPerSecond}`;
  }
}

/** Writes the members that logins would write, through the same adapters. */
async function fillRooms(sizes: readonly number[]): Promise<void> {
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const client = new DynamoDBClient({ endpoint: local.databaseUrl, region: stack.region, credentials });
  const tableNamed = (prefix: string) => tableOf(client, stack.physicalId(idOf("AWS::DynamoDB::Table", prefix)));
  const [connectionsTable, roomsTable] = [tableNamed("DownlinkTablesConnections"), tableNamed("DownlinkTablesRooms")];
  const members = membersIn(roomsTable, connectionsTable, Date.now);
  const rooms = roomsIn(roomsTable, Date.now, () => "k3f9x2a");
  const all: Member[] = [];
  for await (const member of flatten(members.pages(everyone))) all.push(member);
  for (const size of sizes) {
    if (all.length < size) throw new Error(`${all.length} clients are connected, not ${size}`);
    await rooms.open(roomOf(size));
    const put = async ({ connectionId, connectedAtMs, subject }: Member) => {
      const member = { session: connectionId, connectionId, connectedAtMs, subject, generation: 0, holdsLease: false };
      await members.put(roomOf(size), member);
    };
    await forEachLimited(all.slice(0, size), writeConcurrency, put);
  }
  client.destroy();
}
