import { devNull } from "node:os";
import type { Credentials } from "../sigv4/credentials.ts";
import { memberOf } from "../template/json-object.ts";
import type { Resource, Stack } from "../template/stack.ts";
import type { FunctionSpec } from "./execution/environment.ts";

/** Base URLs of the local services, such as `http://127.0.0.1:4500`. */
export interface ServiceUrls {
  /** Replaces `https://{apiId}.execute-api.{region}.amazonaws.com`. */
  gateway: string;
  /** Replaces the endpoints of DynamoDB, EventBridge, Secrets Manager and SQS. */
  aws: string;
  /** Replaces `https://{bucket}.s3.{region}.amazonaws.com`; the bucket becomes the first segment of the path. */
  s3: string;
}

/** Lambda's defaults. */
const defaults = { memoryMb: 128, timeoutSeconds: 3 };

/** @throws if the local runtime cannot run the function */
export function toFunctionSpec(
  stack: Stack,
  resource: Resource,
  credentials: Credentials,
  urls: ServiceUrls,
): FunctionSpec {
  const { logicalId, properties } = resource;
  const { Code, Environment, Handler, Layers, LoggingConfig, MemorySize, PackageType, Runtime, Timeout } = properties;
  if (typeof Runtime !== "string" || !Runtime.startsWith("nodejs") || PackageType === "Image") {
    throw new Error(`${logicalId} has the runtime ${Runtime ?? PackageType}; the local runtime supports Node.js only`);
  }
  if (Layers !== undefined) throw new Error(`${logicalId} uses layers, which the local runtime does not load`);
  const key = memberOf(Code, "S3Key");
  if (typeof key !== "string") throw new Error(`${logicalId} should have its code in a file asset (Code.S3Key)`);

  const folder = stack.assetFolder(key);
  const functionName = stack.physicalId(logicalId);
  const memoryMb = Number(MemorySize ?? defaults.memoryMb);
  const logGroupName = String(memberOf(LoggingConfig, "LogGroup") ?? `/aws/lambda/${functionName}`);
  const templateVariables = Object.entries(memberOf(Environment, "Variables") ?? {}).map(([name, value]) => [
    name,
    toLocalUrls(stack, String(value), urls),
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
      ...Object.fromEntries(templateVariables),
      ...reservedVariables({
        functionName,
        memoryMb,
        logGroupName,
        folder,
        handler: String(Handler),
        runtime: Runtime,
      }),
      ...sdkVariables(stack.region, credentials, urls.aws),
    },
  };
}

/** Variables that Lambda sets, and that a template cannot override. */
function reservedVariables(spec: {
  functionName: string;
  memoryMb: number;
  logGroupName: string;
  folder: string;
  handler: string;
  runtime: string;
}): Record<string, string> {
  return {
    _HANDLER: spec.handler,
    AWS_EXECUTION_ENV: `AWS_Lambda_${spec.runtime}`,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(spec.memoryMb),
    AWS_LAMBDA_FUNCTION_NAME: spec.functionName,
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    AWS_LAMBDA_LOG_GROUP_NAME: spec.logGroupName,
    LAMBDA_TASK_ROOT: spec.folder,
    LANG: "en_US.UTF-8",
    TZ: ":UTC",
  };
}

/** The configuration of the AWS SDK: Region, credentials of the role, and the local endpoints. */
const sdkVariables = (region: string, credentials: Credentials, url: string): Record<string, string> => ({
  AWS_REGION: region,
  AWS_DEFAULT_REGION: region,
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_SESSION_TOKEN: credentials.sessionToken,
  AWS_ENDPOINT_URL_DYNAMODB: url,
  AWS_ENDPOINT_URL_EVENTBRIDGE: url,
  AWS_ENDPOINT_URL_SECRETS_MANAGER: url,
  AWS_ENDPOINT_URL_SQS: url,
  // Lambda has no such files, but this machine can have them.
  AWS_CONFIG_FILE: devNull,
  AWS_SHARED_CREDENTIALS_FILE: devNull,
});

/**
 * Replaces AWS host names in a variable by local addresses, since there is no local DNS for them. The SQS client sends
 * requests to the host of the queue URL, not to its configured endpoint.
 */
function toLocalUrls(stack: Stack, value: string, urls: ServiceUrls): string {
  const apis = ["AWS::ApiGatewayV2::Api", "AWS::ApiGateway::RestApi"].flatMap((type) => stack.ofType(type));
  const hosts: [string, string][] = [
    ...apis.map(({ logicalId }): [string, string] => [
      `${stack.physicalId(logicalId)}.execute-api.${stack.region}.amazonaws.com`,
      urls.gateway,
    ]),
    ...stack
      .ofType("AWS::S3::Bucket")
      .map(({ logicalId }): [string, string] => [
        stack.attribute(logicalId, "RegionalDomainName"),
        `${urls.s3}/${stack.physicalId(logicalId)}`,
      ]),
    [`sqs.${stack.region}.amazonaws.com`, urls.aws],
  ];
  return hosts.reduce((text, [host, url]) => text.replaceAll(`https://${host}`, url), value);
}
