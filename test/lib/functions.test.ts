import { describe, expect, test } from "vitest";
import { limits } from "../../protocol/limits.ts";
import { type Resource, readable, resourcesOf, synthesize } from "./synthesize.ts";

const template = synthesize();
const functions = Object.values(resourcesOf(template, "AWS::Lambda::Function")).map((fn): [string, Resource] => [
  readable(template, fn.Properties.Role).replace(/^.*\/(\w+)Role\.Arn>$/, "$1"),
  fn,
]);
const functionOf = (name: string) => new Map(functions).get(name)?.Properties;

test("there are six functions", () => {
  const names = functions.map(([name]) => name).toSorted();
  expect(names).toEqual(["Authorize", "FanOut", "Poll", "Push", "Redeliver", "Socket"]);
});

test.each(functions)("%s runs as a module on Node 24, on arm64", (_, { Properties }) => {
  expect(Properties).toMatchObject({ Runtime: "nodejs24.x", Architectures: ["arm64"], Handler: "index.handler" });
  expect(Properties.Environment.Variables.NODE_OPTIONS).toBe("--enable-source-maps");
});

test.each(functions.filter(([name]) => !["Redeliver", "FanOut"].includes(name)))(
  "%s ends before API Gateway stops waiting at 29 s",
  (_, { Properties }) => {
    expect(Properties.Timeout).toBeLessThan(29);
  },
);

test.each(functions.filter(([name]) => !["Redeliver", "FanOut"].includes(name)))(
  "%s does not invoke itself, so Lambda may stop loops",
  (_, { Properties }) => {
    expect(Properties.RecursiveLoop).toBeUndefined();
  },
);

test("a push may wait for acks as long as the protocol allows", () => {
  expect(functionOf("Push").Timeout).toBeGreaterThan(limits.waitForMs / 1000 + 5);
});

test.each(functions)("%s has its own log group, which expires its events and is retained", (_, { Properties }) => {
  const groups = resourcesOf(template, "AWS::Logs::LogGroup");
  const group = groups[Properties.LoggingConfig.LogGroup.Ref];
  expect(group).toMatchObject({ Properties: { RetentionInDays: 30 }, DeletionPolicy: "RetainExceptOnCreate" });
  const users = functions.filter(
    ([, fn]) => fn.Properties.LoggingConfig.LogGroup.Ref === Properties.LoggingConfig.LogGroup.Ref,
  );
  expect(users).toHaveLength(1);
});

const callback = "https://<SocketApi/Api>.execute-api.<AWS::Region>.<AWS::URLSuffix>/socket";

const rooms = {
  CONNECTIONS_TABLE: "<Tables/Connections>",
  ROOMS_TABLE: "<Tables/Rooms>",
  MESSAGES_TABLE: "<Tables/Messages>",
  PAYLOADS_URL: "https://<Payloads/Bucket.RegionalDomainName>",
  CALLBACK_URL: callback,
  RETENTION_SECONDS: "86400",
  ACK_CHECK_QUEUE_URL: "<Redelivery/AckChecks>",
  REDELIVER_AFTER_SECONDS: "5",
  FAN_OUT_QUEUE_URL: "<FanOut/Tasks>",
  FAN_OUT_WORKERS: "4",
  POSTS_PER_SECOND: "3150",
};
const tokens = { TOKEN_SECRET_ARN: "<TokenSecret>", ALLOWED_ORIGINS: "*" };

test.each([
  ["Authorize", tokens],
  ["Socket", rooms],
  ["Push", rooms],
  ["Poll", { ...rooms, ...tokens }],
  ["Redeliver", { ...rooms, EVENT_BUS_NAME: "default", REDELIVERIES_PER_SECOND: "350", REDELIVERY_WORKERS: "5" }],
  ["FanOut", { ...rooms, FAN_OUT_DEAD_LETTERS_URL: "<FanOut/DeadLetters>" }],
])("%s has exactly the environment variables that it reads", (name, expected) => {
  const { NODE_OPTIONS: _, ...variables } = functionOf(name).Environment.Variables;
  const readableVariables = Object.entries(variables).map(([key, value]) => [key, readable(template, value)]);
  expect(Object.fromEntries(readableVariables)).toEqual(expected);
});

describe("permissions", () => {
  const socketStage = "arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<SocketApi/Api>/socket";
  const connections = {
    "execute-api:ManageConnections": [`${socketStage}/POST/@connections/*`, `${socketStage}/GET/@connections/*`],
  };
  const log = (name: string) => ({
    "logs:CreateLogStream": [`<${name}Log.Arn>`],
    "logs:PutLogEvents": [`<${name}Log.Arn>`],
  });

  const ackChecks = "<Redelivery/AckChecks.Arn>";
  const tasks = "<FanOut/Tasks.Arn>";
  const objects = "<Payloads/Bucket.Arn>/*";
  const inConnections = "<Tables/Connections.Arn>";
  const inRooms = "<Tables/Rooms.Arn>";
  const inMessages = "<Tables/Messages.Arn>";

  test.each([
    ["Authorize", { ...log("SocketApi/Authorize"), "secretsmanager:GetSecretValue": ["<TokenSecret>"] }],
    [
      "Socket",
      {
        ...log("SocketApi/Socket"),
        ...connections,
        "s3:GetObject": [objects],
        "dynamodb:GetItem": [inConnections, inRooms, inMessages],
        "dynamodb:PutItem": [inConnections, inRooms, inMessages],
        "dynamodb:UpdateItem": [inConnections, inRooms],
        "dynamodb:DeleteItem": [inConnections, inRooms],
        "dynamodb:Query": [inRooms, inMessages],
        "sqs:SendMessage": [ackChecks, tasks],
      },
    ],
    [
      "Push",
      {
        ...log("PushApi/Push"),
        ...connections,
        "s3:PutObject": [objects],
        "s3:GetObject": [objects],
        "dynamodb:Scan": [inConnections],
        "dynamodb:GetItem": [inRooms, inMessages],
        "dynamodb:PutItem": [inRooms, inMessages],
        "dynamodb:UpdateItem": [inRooms],
        "dynamodb:DeleteItem": [inConnections, inRooms],
        "dynamodb:Query": [inRooms],
        "sqs:SendMessage": [ackChecks, tasks],
      },
    ],
    [
      "Poll",
      {
        ...log("PushApi/Poll"),
        ...connections,
        "s3:GetObject": [objects],
        "dynamodb:GetItem": [inConnections, inRooms, inMessages],
        "dynamodb:PutItem": [inMessages],
        "dynamodb:UpdateItem": [inRooms],
        "dynamodb:DeleteItem": [inRooms],
        "dynamodb:Query": [inRooms, inMessages],
        "secretsmanager:GetSecretValue": ["<TokenSecret>"],
        "sqs:SendMessage": [ackChecks],
      },
    ],
    [
      "Redeliver",
      {
        ...log("Redelivery/Redeliver"),
        ...connections,
        "s3:GetObject": [objects],
        "dynamodb:Scan": [inConnections],
        "dynamodb:GetItem": [inRooms],
        "dynamodb:UpdateItem": [inConnections, inRooms],
        "dynamodb:DeleteItem": [inConnections, inRooms],
        "dynamodb:Query": [inRooms, inMessages],
        "sqs:SendMessage": [ackChecks],
        "sqs:ReceiveMessage": [ackChecks],
        "sqs:DeleteMessage": [ackChecks],
        "sqs:GetQueueAttributes": [ackChecks],
        "events:PutEvents": ["arn:<AWS::Partition>:events:<AWS::Region>:<AWS::AccountId>:event-bus/default"],
      },
    ],
    [
      "FanOut",
      {
        ...log("FanOut/FanOut"),
        ...connections,
        "dynamodb:Scan": [inConnections],
        "dynamodb:GetItem": [inConnections, inRooms],
        "dynamodb:UpdateItem": [inRooms],
        "dynamodb:DeleteItem": [inConnections, inRooms],
        "dynamodb:Query": [inRooms, inMessages],
        "s3:GetObject": [objects],
        "sqs:SendMessage": [ackChecks, tasks, "<FanOut/DeadLetters.Arn>"],
        "sqs:ReceiveMessage": [tasks],
        "sqs:DeleteMessage": [tasks],
        "sqs:GetQueueAttributes": [tasks],
      },
    ],
  ])("the role of %s allows exactly the actions and resources that it uses", (name, expected) => {
    expect(permissionsOf(functionOf(name).Role["Fn::GetAtt"][0])).toEqual(sorted(expected));
  });

  test("only connections and payloads are allowed by a wildcard", () => {
    const resources = Object.values(resourcesOf(template, "AWS::IAM::Policy"))
      .flatMap((policy) => policy.Properties.PolicyDocument.Statement)
      .flatMap((statement) => [statement.Resource].flat())
      .map((resource) => readable(template, resource));
    const wildcards = resources.filter((resource) => resource.includes("*"));
    expect(new Set(wildcards)).toEqual(new Set([...connections["execute-api:ManageConnections"], objects]));
  });
});

function permissionsOf(roleId: string): Record<string, string[]> {
  const role = resourcesOf(template, "AWS::IAM::Role")[roleId];
  expect(role?.Properties.ManagedPolicyArns ?? []).toEqual([]);
  expect(role?.Properties.Policies ?? []).toEqual([]);
  const allowed: Record<string, string[]> = {};
  for (const { Properties } of Object.values(resourcesOf(template, "AWS::IAM::Policy"))) {
    if (!Properties.Roles.some(({ Ref }: { Ref: string }) => Ref === roleId)) continue;
    for (const { Action, Resource, Effect } of Properties.PolicyDocument.Statement) {
      expect(Effect).toBe("Allow");
      for (const action of [Action].flat()) {
        allowed[action] = [
          ...(allowed[action] ?? []),
          ...[Resource].flat().map((resource) => readable(template, resource)),
        ];
      }
    }
  }
  return sorted(allowed);
}

const sorted = (permissions: Record<string, string[]>) =>
  Object.fromEntries(Object.entries(permissions).map(([action, resources]) => [action, resources.toSorted()]));
