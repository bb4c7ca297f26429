// A process that is the local stack. Argument: posts per second of all workers together, if not those of cdk.json. It notes
// when a push comes to each part: by the switches of faults, which are asked there and strike never.
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { membersIn } from "../../lambdas/adapters/dynamodb/members.ts";
import { roomsIn } from "../../lambdas/adapters/dynamodb/rooms.ts";
import { tableOf } from "../../lambdas/adapters/dynamodb/table.ts";
import { forEachLimited } from "../../lambdas/domain/concurrency/for-each-limited.ts";
import { flatten } from "../../lambdas/domain/concurrency/pages.ts";
import type { Member } from "../../lambdas/domain/model/member.ts";
import type { Template } from "../../local/template/assembly.ts";
import { startLocal } from "../../local/host/runtime.ts";
import { everyone } from "../../protocol/ids.ts";
import { serveOrders } from "./serve-requests.ts";
import { type Endpoints, roomOf } from "./requests.ts";

const [postsPerSecond] = process.argv.slice(2);
/** Five workers post, and there are two cores. */
const environmentsMax = 6;
const seatsAtOnce = 32;

const local = await startLocal({ environmentsMax, edit: withPace });
const { stack, faults, invocations } = local;
const idOf = (type: string, begin: string) => {
  const found = stack.ofType(type).find(({ logicalId }) => logicalId.startsWith(begin));
  if (!found) throw new Error(`the template has no ${type} ${begin}`);
  return found.logicalId;
};
const pushId = idOf("AWS::Lambda::Function", "DownlinkPushApiPush");
const fanOutId = idOf("AWS::Lambda::Function", "DownlinkFanOut");
const { first, last } = serveOrders(seat);

faults.crashes = (functionId) => {
  if (functionId === fanOutId) first("workerCalls");
  if (functionId !== pushId) return false;
  first("pushCalls");
  const newest = invocations.findLast((invocation) => invocation.functionId === pushId);
  if (newest?.calls.at(-1)?.startsWith("sqs:")) first("ordered");
  return false;
};
faults.duplicatedMessages = () => {
  first("handedOn");
  return false;
};
faults.slowPosts = () => {
  first("firstPost");
  last("lastPost");
  return false;
};
const { webSocketUrl, restUrl, apiKey, tokenSecret } = local;
process.send?.({ webSocketUrl, pushUrl: `${restUrl}/push`, apiKey, tokenSecret } satisfies Endpoints);

/** The workers stay as many, and each is faster: the setting itself would only add workers. */
function withPace({ Resources }: Template): void {
  if (postsPerSecond === undefined) return;
  for (const { Properties = {} } of Object.values(Resources)) {
    const variables = (Properties.Environment as { Variables?: Record<string, unknown> } | undefined)?.Variables;
    if (variables?.POSTS_PER_SECOND !== undefined) variables.POSTS_PER_SECOND = postsPerSecond;
  }
}

/** Writes the places that logins would write, by the same adapters; logins are not what is measured. */
async function seat(rooms: readonly number[]): Promise<void> {
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const client = new DynamoDBClient({ endpoint: local.databaseUrl, region: stack.region, credentials });
  const tableNamed = (begin: string) => tableOf(client, stack.physicalId(idOf("AWS::DynamoDB::Table", begin)));
  const [connectionsTable, roomsTable] = [tableNamed("DownlinkTablesConnections"), tableNamed("DownlinkTablesRooms")];
  const members = membersIn(roomsTable, connectionsTable, Date.now);
  const opening = roomsIn(roomsTable, Date.now, () => "k3f9x2a");
  const all: Member[] = [];
  for await (const member of flatten(members.pages(everyone))) all.push(member);
  for (const size of rooms) {
    if (all.length < size) throw new Error(`${all.length} clients are there, not ${size}`);
    await opening.open(roomOf(size));
    const put = async ({ connectionId, connectedAtMs, subject }: Member) => {
      const place = { session: connectionId, connectionId, connectedAtMs, subject, generation: 0, holdsLease: false };
      await members.put(roomOf(size), place);
    };
    await forEachLimited(
      (async function* () {
        yield* all.slice(0, size);
      })(),
      seatsAtOnce,
      put,
    );
  }
  client.destroy();
}
