import { App, Duration, Lazy, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import type { RetentionDays } from "aws-cdk-lib/aws-logs";
import { Secret } from "aws-cdk-lib/aws-secretsmanager";
import { Topic } from "aws-cdk-lib/aws-sns";
import { describe, expect, test } from "vitest";
import { Downlink, type DownlinkProps } from "../../lib/index.ts";
import { newApp, readable, resourcesOf, synthesize } from "./synthesize.ts";

test("the stack's outputs are the URLs, names and ARNs of its endpoints, secrets and queues", () => {
  const template = synthesize();
  const outputs = Object.entries(template.toJSON().Outputs as Record<string, { Value: unknown }>);
  expect(Object.fromEntries(outputs.map(([name, { Value }]) => [name, readable(template, Value)]))).toEqual({
    WebSocketUrl: "wss://<SocketApi/Api>.execute-api.<AWS::Region>.<AWS::URLSuffix>/socket",
    PollUrl: "https://<PushApi/Api>.execute-api.<AWS::Region>.<AWS::URLSuffix>/<PushApi/Api/DeploymentStage.api>/poll",
    PushUrl: "https://<PushApi/Api>.execute-api.<AWS::Region>.<AWS::URLSuffix>/<PushApi/Api/DeploymentStage.api>/push",
    ApiKeyId: "<PushApi/Api/Key>",
    TokenSecretArn: "<TokenSecret>",
    PayloadsBucket: "<Payloads/Bucket>",
    AckChecksArn: "<Redelivery/AckChecks.Arn>",
    AckChecksDeadLettersArn: "<Redelivery/DeadLetters.Arn>",
    FanOutTasksArn: "<FanOut/Tasks.Arn>",
    FanOutDeadLettersArn: "<FanOut/DeadLetters.Arn>",
  });
});

test("the token secret has 64 random characters and is retained", () => {
  const [secret] = Object.values(resourcesOf(synthesize(), "AWS::SecretsManager::Secret"));
  expect(secret?.Properties.GenerateSecretString).toEqual({ PasswordLength: 64, ExcludePunctuation: true });
  expect(secret?.DeletionPolicy).toBe("RetainExceptOnCreate");
});

describe("in another app's stack", () => {
  /** A stack without the feature flags of this project's cdk.json. */
  const synthesizeOther = (use: (stack: Stack) => void) => {
    const stack = new Stack(
      new App({ context: { "aws:cdk:bundling-stacks": [], "aws:cdk:enable-path-metadata": true } }),
      "Other",
    );
    use(stack);
    return Template.fromStack(stack);
  };
  const statementsOf = (template: Template) =>
    Object.values(resourcesOf(template, "AWS::IAM::Policy")).flatMap(
      ({ Properties }) => Properties.PolicyDocument.Statement,
    );

  test("the construct needs no props and no feature flags", () => {
    const template = synthesizeOther((stack) => new Downlink(stack, "Downlink"));
    template.resourceCountIs("AWS::Lambda::Function", 6);
    template.resourceCountIs("AWS::ApiGateway::Account", 1);
  });

  test("a stack can contain two constructs", () => {
    const template = synthesizeOther((stack) => {
      new Downlink(stack, "One");
      new Downlink(stack, "Two");
    });
    template.resourceCountIs("AWS::ApiGatewayV2::Api", 2);
  });

  test("grantPush allows a service to read the key, and nothing else", () => {
    const template = synthesizeOther((stack) => {
      const service = new Role(stack, "Service", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
      new Downlink(stack, "Downlink").grantPush(service);
    });
    const [policy] = Object.values(resourcesOf(template, "AWS::IAM::Policy")).filter(({ Properties }) =>
      readable(template, Properties.Roles[0]).includes("Service"),
    );
    const [statement, ...others] = policy?.Properties.PolicyDocument.Statement ?? [];
    expect(others).toEqual([]);
    expect({ ...statement, Resource: readable(template, statement.Resource) }).toEqual({
      Effect: "Allow",
      Action: "apigateway:GET",
      Resource: expect.stringMatching(/^arn:<AWS::Partition>:apigateway:<AWS::Region>::\/apikeys\/<.*Key>$/),
    });
  });

  test("an existing token secret replaces the new one, and its KMS key is granted", () => {
    const template = synthesizeOther((stack) => {
      const encryptionKey = new Key(stack, "Key");
      new Downlink(stack, "Downlink", { tokenSecret: new Secret(stack, "Existing", { encryptionKey }) });
    });
    template.resourceCountIs("AWS::SecretsManager::Secret", 1);
    const actions = statementsOf(template).flatMap(({ Action }) => Action);
    expect(actions).toEqual(expect.arrayContaining(["secretsmanager:GetSecretValue", "kms:Decrypt"]));
  });

  test("a secret that is imported by name is readable with any ARN suffix", () => {
    const template = synthesizeOther((stack) => {
      new Downlink(stack, "Downlink", { tokenSecret: Secret.fromSecretNameV2(stack, "Existing", "tokens") });
    });
    const [read] = statementsOf(template).filter(({ Action }) => Action === "secretsmanager:GetSecretValue");
    expect(readable(template, read.Resource)).toMatch(/:secret:tokens-\?{6}$/);
  });

  test("redeliveryAlarm accepts alarm actions", () => {
    const template = synthesizeOther((stack) => {
      const pager = new Topic(stack, "Pager");
      new Downlink(stack, "Downlink").redeliveryAlarm.addAlarmAction(new SnsAction(pager));
    });
    const [alarm] = Object.values(resourcesOf(template, "AWS::CloudWatch::Alarm"));
    expect(alarm?.Properties.AlarmActions.map((action: unknown) => readable(template, action))).toEqual([
      expect.stringContaining("Pager"),
    ]);
  });

  test("props may be tokens, which are resolved at deployment", () => {
    const template = synthesizeOther((stack) => {
      new Downlink(stack, "Downlink", {
        allowedOrigins: Lazy.list({ produce: () => ["https://a.example", "https://b.example"] }),
        retention: Duration.seconds(Lazy.number({ produce: () => 3600 })),
        redeliverAfter: Duration.seconds(Lazy.number({ produce: () => 9 })),
        pushRateLimit: Lazy.number({ produce: () => 7 }),
      });
    });
    const variables = Object.values(resourcesOf(template, "AWS::Lambda::Function")).map(
      ({ Properties }) => Properties.Environment.Variables,
    );
    expect(variables).toContainEqual(
      expect.objectContaining({
        ALLOWED_ORIGINS: { "Fn::Join": [",", ["https://a.example", "https://b.example"]] },
      }),
    );
    expect(variables).toContainEqual(
      expect.objectContaining({ RETENTION_SECONDS: "3600", REDELIVER_AFTER_SECONDS: "9" }),
    );
  });
});

describe("props", () => {
  test.each<[string, DownlinkProps, string]>([
    [
      "several origins",
      { allowedOrigins: ["https://a.example", "http://localhost:5173"] },
      "https://a.example,http://localhost:5173",
    ],
    ["an app's own scheme", { allowedOrigins: ["capacitor://localhost"] }, "capacitor://localhost"],
    ["any origin", { allowedOrigins: ["*"] }, "*"],
  ])("allowedOrigins may be %s", (_, props, expected) => {
    const variables = Object.values(resourcesOf(synthesize(props), "AWS::Lambda::Function")).map(
      ({ Properties }) => Properties.Environment.Variables.ALLOWED_ORIGINS,
    );
    expect(variables).toContain(expected);
  });

  const manyOrigins = Array.from({ length: 200 }, (_, i) => `https://app-${i}.example.com`);

  const wrong: [string, DownlinkProps, RegExp][] = [
    ["no origin", { allowedOrigins: [] }, /^allowedOrigins is empty, so no page could connect/],
    ["an origin with a path", { allowedOrigins: ["https://a.example/"] }, /got "https:\/\/a\.example\/"/],
    ["an origin in capitals", { allowedOrigins: ["https://A.example"] }, /lower case.*got "https:\/\/A\.example"/],
    [
      "an origin without a scheme",
      { allowedOrigins: ["a.example"] },
      /like https:\/\/app\.example\.com.*got "a\.example"/,
    ],
    [
      "an origin with a wildcard",
      { allowedOrigins: ["https://*.example"] },
      /no wildcard.*got "https:\/\/\*\.example"/,
    ],
    ["any origin together with a listed one", { allowedOrigins: ["*", "https://a.example"] }, /"\*" alone, got "\*"/],
    [
      "two origins in one string",
      { allowedOrigins: ["https://a.example,https://b.example"] },
      /got "https:\/\/a\.example,/,
    ],
    [
      "origins that exceed a Lambda function's environment",
      { allowedOrigins: manyOrigins },
      /has 5\d{3} bytes, the maximum is 3500/,
    ],
    [
      "a retention below a minute",
      { retention: Duration.seconds(59) },
      /^retention .* from 60 to 2592000, got 59; shorter/,
    ],
    [
      "a retention longer than the life of a room",
      { retention: Duration.seconds(30 * 86_400 + 1) },
      /^retention .* got 2592001; .* forgotten after 30 days/,
    ],
    [
      "a redelivery without a pause",
      { redeliverAfter: Duration.seconds(0) },
      /^redeliverAfter .* from 1 to 900, got 0/,
    ],
    [
      "a redelivery after half a second",
      { redeliverAfter: Duration.millis(500) },
      /^redeliverAfter should be a whole .* got 0\.5/,
    ],
    [
      "a redelivery later than a queue can delay",
      { redeliverAfter: Duration.minutes(16) },
      /^redeliverAfter .* got 960; .* 15 minutes/,
    ],
    [
      "a retention with a fraction of a second",
      { retention: Duration.millis(90_500) },
      /whole number of seconds from .* got 90\.5;/,
    ],
    ["no pushes", { pushRateLimit: 0 }, /^pushRateLimit should be a whole number of requests from 1, got 0;/],
    ["half a push", { pushBurstLimit: 0.5 }, /^pushBurstLimit .* got 0\.5/],
    ["no polls", { pollRateLimit: 0 }, /^pollRateLimit .* got 0/],
    ["half a poll", { pollBurstLimit: 1.5 }, /^pollBurstLimit .* got 1\.5/],
    ["a negative frame rate", { socketRateLimit: -1 }, /^socketRateLimit .* got -1/],
    ["a frame rate that is not a number", { socketBurstLimit: Number.NaN }, /^socketBurstLimit .* got NaN/],
    [
      "a redelivery concurrency of 1",
      { redeliveryConcurrency: 1 },
      /^redeliveryConcurrency .* from 2 to 1000.* got 1$/,
    ],
    [
      "a frame rate that is a token",
      { socketRateLimit: Lazy.number({ produce: () => 7 }) },
      /^socketRateLimit should be a number that is known when/,
    ],
    [
      "a log retention that CloudWatch does not support",
      { logRetention: 31 as RetentionDays },
      /^logRetention should be one of 1, 3, 5, 7, .* got 31/,
    ],
  ];
  test.each(wrong)("fails for %s", (_, props, message) => {
    expect(() => new Downlink(new Stack(newApp(), "Stack"), "Downlink", props)).toThrow(message);
  });
});

test("the names of both APIs contain the stack's name, because REST metrics are keyed by name", () => {
  const template = synthesize();
  const nameOf = (type: string) => Object.values(resourcesOf(template, type)).map(({ Properties }) => Properties.Name);
  expect(nameOf("AWS::ApiGateway::RestApi")).toEqual(["Downlink-push"]);
  expect(nameOf("AWS::ApiGatewayV2::Api")).toEqual(["Downlink-socket"]);
});
