import { join } from "node:path";
import { SignJWT } from "jose";
import { tokenSecret } from "./aws-stub.ts";

export interface Bundle {
  name: string;
  /** Source of the entry, resolved from the root of the project. */
  source: string;
  /** Event of the handler; absent for a bundle without a handler. */
  event?: object;
}

const entry = (name: string, event: object): Bundle => ({
  name,
  source: `export { handler } from "./lambdas/${name}.ts";`,
  event,
});

const token = await new SignJWT({ sub: "ann", rooms: ["*"] })
  .setProtectedHeader({ alg: "HS256" })
  .setExpirationTime("1h")
  .sign(new TextEncoder().encode(tokenSecret));
const authorizer = {
  subject: "ann",
  rooms: "[]",
  publish: "[]",
  tokenExpiresAt: `${Math.floor(Date.now() / 1000) + 3_600}`,
};
const requestContext = {
  eventType: "CONNECT",
  routeKey: "$connect",
  connectionId: "abc=",
  connectedAt: Date.now(),
  authorizer,
};
const push = JSON.stringify({ roomId: "456", eventName: "test", data: {} });
const task = JSON.stringify({
  ...{ taskId: "0/4", roomId: "456", messageId: "m", text: "{}", to: { index: 0, of: 4 }, hop: 0 },
});
const rest = {
  requestContext: { requestTimeEpoch: Date.now() },
  headers: {},
  pathParameters: null,
  queryStringParameters: null,
  isBase64Encoded: false,
};

/** The Lambda functions, each with an event that succeeds, and a sample for comparison. */
export const functions: Bundle[] = [
  entry("authorize", { methodArn: "arn", queryStringParameters: { token } }),
  entry("socket", { requestContext }),
  entry("push", { ...rest, httpMethod: "POST", body: push }),
  entry("poll", {
    ...rest,
    httpMethod: "GET",
    headers: { Authorization: `Bearer ${token}` },
    queryStringParameters: { rooms: "[]" },
    body: null,
  }),
  entry("redeliver", { Records: [{ messageId: "1", body: JSON.stringify({ kind: "room", roomId: "456", hop: 0 }) }] }),
  entry("fan-out", { Records: [{ messageId: "1", body: task }] }),
  {
    name: "a sample: SDK for DynamoDB and posts",
    source: 'export { handler } from "./bench/cold-starts/sample.ts";',
    event: { body: push },
  },
];

const using = (name: string, imported: string): Bundle => ({
  name,
  source: `import { ${imported} } from "${name}"; globalThis.used = [${imported}];`,
});

/** Dependencies, each with the imports that the functions use. Shared code is in each of them. */
export const dependencies: Bundle[] = [
  { name: "nothing", source: "" },
  { name: "node:https", source: 'import "node:https";' },
  {
    name: "our post loop",
    source: [
      'import { connectTo } from "./lambdas/adapters/http1/connection.ts";',
      'import { ConnectionPool } from "./lambdas/adapters/http1/connection-pool.ts";',
      'import { makePoster } from "./lambdas/adapters/api-gateway/poster.ts";',
      "globalThis.used = [connectTo, ConnectionPool, makePoster];",
    ].join("\n"),
  },
  {
    name: "undici, its pool only",
    source: 'import Pool from "./node_modules/undici/lib/dispatcher/pool.js"; globalThis.used = [Pool];',
  },
  using("@aws-sdk/client-apigatewaymanagementapi", "ApiGatewayManagementApiClient, GetConnectionCommand"),
  using("@aws-sdk/client-dynamodb", "DynamoDBClient, GetItemCommand, PutItemCommand, UpdateItemCommand, QueryCommand"),
  {
    name: "these two clients together",
    source: [
      'import { ApiGatewayManagementApiClient, GetConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";',
      'import { DynamoDBClient, GetItemCommand, PutItemCommand, UpdateItemCommand, QueryCommand } from "@aws-sdk/client-dynamodb";',
      "globalThis.used = [ApiGatewayManagementApiClient, GetConnectionCommand];",
      "globalThis.used.push(DynamoDBClient, GetItemCommand, PutItemCommand, UpdateItemCommand, QueryCommand);",
    ].join("\n"),
  },
  using("@aws-sdk/client-sqs", "SQSClient, SendMessageCommand"),
  using("@aws-sdk/client-eventbridge", "EventBridgeClient, PutEventsCommand"),
  using("@aws-sdk/client-secrets-manager", "SecretsManagerClient, GetSecretValueCommand"),
  using("jose", "jwtVerify"),
];

export const root = join(import.meta.dirname, "../..");
