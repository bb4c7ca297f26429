import { devNull } from "node:os";
import { memberOf } from "../template/json-object.ts";
import type { Resource, Stack } from "../template/stack.ts";
import type { FunctionSpec } from "./execution/environment.ts";

/** Keys of the session of a function's role. */
export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
}

/** Where things really listen that a Lambda believes to be AWS: `http://127.0.0.1:4500`. */
export interface ServiceUrls {
  /** Instead of `https://{apiId}.execute-api.{region}.amazonaws.com`. */
  gateway: string;
  /** Instead of the endpoints of DynamoDB, EventBridge, Secrets Manager and SQS. */
  aws: string;
  /** Instead of `https://{bucket}.s3.{region}.amazonaws.com`, with the bucket as the start of the path. */
  s3: string;
}

/** What Lambda gives a function that names none of it. */
const defaults = { memoryMb: 128, timeoutSeconds: 3 };

/** @throws if the function needs what this runtime cannot run */
export function functionSpec(stack: Stack, resource: Resource, credentials: Credentials, to: ServiceUrls): FunctionSpec {
  const { logicalId, properties } = resource;
  const { Code, Environment, Handler, Layers, LoggingConfig, MemorySize, PackageType, Runtime, Timeout } = properties;
  if (typeof Runtime !== "string" || !Runtime.startsWith("nodejs") || PackageType === "Image") {
    throw new Error(`${logicalId} has the runtime ${Runtime ?? PackageType}; the local runtime runs Node.js only`);
  }
  if (Layers !== undefined) throw new Error(`${logicalId} uses layers, which the local runtime does not load`);
  const key = memberOf(Code, "S3Key");
  if (typeof key !== "string") throw new Error(`${logicalId} should have its code in a file asset (Code.S3Key)`);

  const folder = stack.assetFolder(key);
  const functionName = stack.physicalId(logicalId);
  const memoryMb = Number(MemorySize ?? defaults.memoryMb);
  const logGroupName = String(memberOf(LoggingConfig, "LogGroup") ?? `/aws/lambda/${functionName}`);
  const own = Object.entries(memberOf(Environment, "Variables") ?? {}).map(([name, value]) => [
    name,
    toLoopbackUrls(stack, String(value), to),
  ]);
  return {
    logicalId,
    folder,
    handler: String(Handler),
    functionName,
    functionArn: stack.arn(logicalId),
    logGroupName,
    memoryMb,
    timeoutMs: Number(Timeout ?? defaults.timeoutSeconds) * 1000,
    variables: {
      ...Object.fromEntries(own),
      ...lambdaVariables({ functionName, memoryMb, logGroupName, folder, handler: String(Handler), runtime: Runtime }),
      AWS_REGION: stack.region,
      AWS_DEFAULT_REGION: stack.region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_SESSION_TOKEN: credentials.sessionToken,
      AWS_ENDPOINT_URL_DYNAMODB: to.aws,
      AWS_ENDPOINT_URL_EVENTBRIDGE: to.aws,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: to.aws,
      AWS_ENDPOINT_URL_SQS: to.aws,
      // Lambda has no such files; the host may.
      AWS_CONFIG_FILE: devNull,
      AWS_SHARED_CREDENTIALS_FILE: devNull,
    },
  };
}

/** Variables that Lambda sets itself, and that a template may not. */
function lambdaVariables(of: {
  functionName: string;
  memoryMb: number;
  logGroupName: string;
  folder: string;
  handler: string;
  runtime: string;
}): Record<string, string> {
  return {
    _HANDLER: of.handler,
    AWS_EXECUTION_ENV: `AWS_Lambda_${of.runtime}`,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(of.memoryMb),
    AWS_LAMBDA_FUNCTION_NAME: of.functionName,
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    AWS_LAMBDA_LOG_GROUP_NAME: of.logGroupName,
    LAMBDA_TASK_ROOT: of.folder,
    LANG: "en_US.UTF-8",
    TZ: ":UTC",
  };
}

/**
 * What DNS would do: the name of an API leads to where it listens. So does that of SQS, as its client sends to the host
 * of a queue's URL, whatever its endpoint is. And that of a bucket, which pages ask too.
 */
function toLoopbackUrls(stack: Stack, value: string, to: ServiceUrls): string {
  const apis = ["AWS::ApiGatewayV2::Api", "AWS::ApiGateway::RestApi"].flatMap((type) => stack.ofType(type));
  const hosts: [string, string][] = [
    ...apis.map(({ logicalId }): [string, string] => [
      `${stack.physicalId(logicalId)}.execute-api.${stack.region}.amazonaws.com`,
      to.gateway,
    ]),
    ...stack
      .ofType("AWS::S3::Bucket")
      .map(({ logicalId }): [string, string] => [
        stack.attribute(logicalId, "RegionalDomainName"),
        `${to.s3}/${stack.physicalId(logicalId)}`,
      ]),
    [`sqs.${stack.region}.amazonaws.com`, to.aws],
  ];
  return hosts.reduce((text, [host, address]) => text.replaceAll(`https://${host}`, address), value);
}
