import { createHash } from "node:crypto";
import type { TemplateResource } from "./assembly.ts";
import { arnOf, type Deployment } from "./deployment.ts";
import type { Resolve } from "./intrinsics.ts";

/** How CloudFormation names the resources of one type. */
interface Naming {
  /** The property by which a template can set the name, such as `TableName`. */
  readonly nameProperty?: string;
  /** Generates the id or name if the template sets none. */
  readonly generateName: (deployment: Deployment, logicalId: string) => string;
  /** The result of `Ref`. @default the name */
  readonly ref?: (deployment: Deployment, name: string, logicalId: string) => string;
  /** The results of `Fn::GetAtt` by attribute. */
  readonly attributes?: Record<string, (deployment: Deployment, name: string, logicalId: string) => string>;
}

/** The result of `Ref` for a resource. Throws if the runtime does not know its type. */
export function physicalIdOf(
  deployment: Deployment,
  logicalId: string,
  resource: TemplateResource,
  resolve: Resolve,
): string {
  const { naming, name } = nameOf(deployment, logicalId, resource, resolve);
  return naming.ref?.(deployment, name, logicalId) ?? name;
}

/** The result of `Fn::GetAtt` for a resource. Throws if the runtime does not know the attribute. */
export function attributeOf(
  deployment: Deployment,
  logicalId: string,
  resource: TemplateResource,
  attribute: string,
  resolve: Resolve,
): string {
  const { naming, name } = nameOf(deployment, logicalId, resource, resolve);
  const find = naming.attributes?.[attribute];
  if (find) return find(deployment, name, logicalId);
  const known = Object.keys(naming.attributes ?? {}).join(", ") || "none";
  throw new Error(
    `the local runtime does not know the attribute ${attribute} of ${logicalId} (${resource.Type}), known: ${known}`,
  );
}

function nameOf(deployment: Deployment, logicalId: string, { Type, Properties }: TemplateResource, resolve: Resolve) {
  const naming = namings[Type];
  if (!naming) throw new Error(`the local runtime does not know how a ${Type} such as ${logicalId} is named`);
  const { nameProperty } = naming;
  const chosen = nameProperty === undefined ? undefined : Properties?.[nameProperty];
  const name = chosen === undefined ? undefined : resolve(chosen, `${logicalId}.${nameProperty}`);
  return { naming, name: typeof name === "string" ? name : naming.generateName(deployment, logicalId) };
}

/** Characters derived only from the names, so that they are the same in every run. */
function digest(deployment: Deployment, logicalId: string, chars: number): string {
  const hex = createHash("sha256").update(`${deployment.stackName}/${logicalId}`).digest("hex");
  return BigInt(`0x${hex}`).toString(36).slice(0, chars);
}
const shortId =
  (chars: number): Naming["generateName"] =>
  (deployment, logicalId) =>
    digest(deployment, logicalId, chars);
const longName: Naming["generateName"] = (deployment, logicalId) =>
  `${deployment.stackName}-${logicalId}-${digest(deployment, logicalId, 12).toUpperCase()}`;
const lambdaName: Naming["generateName"] = (deployment, logicalId) =>
  `${deployment.stackName}-${logicalId.slice(0, 24)}-${digest(deployment, logicalId, 12)}`;

const tableNaming: Naming = {
  nameProperty: "TableName",
  generateName: longName,
  attributes: { Arn: (deployment, name) => arnOf(deployment, "dynamodb", `table/${name}`) },
};

const namings: Record<string, Naming> = {
  "AWS::DynamoDB::Table": tableNaming,
  "AWS::DynamoDB::GlobalTable": tableNaming,
  "AWS::Lambda::Function": {
    nameProperty: "FunctionName",
    generateName: lambdaName,
    attributes: { Arn: (deployment, name) => arnOf(deployment, "lambda", `function:${name}`) },
  },
  "AWS::Lambda::Permission": { generateName: longName },
  "AWS::Lambda::EventSourceMapping": { generateName: shortId(12) },
  "AWS::SQS::Queue": {
    nameProperty: "QueueName",
    generateName: longName,
    ref: ({ region, accountId }, name) => `https://sqs.${region}.amazonaws.com/${accountId}/${name}`,
    attributes: {
      Arn: (deployment, name) => arnOf(deployment, "sqs", name),
      QueueName: (_, name) => name,
    },
  },
  "AWS::S3::Bucket": {
    nameProperty: "BucketName",
    // A bucket name is part of a host name: at most 63 characters, lower case.
    generateName: (deployment, logicalId) =>
      `${deployment.stackName}-${logicalId.slice(0, 24)}-${digest(deployment, logicalId, 12)}`.toLowerCase(),
    attributes: {
      Arn: ({ partition }, name) => `arn:${partition}:s3:::${name}`,
      RegionalDomainName: ({ region }, name) => `${name}.s3.${region}.amazonaws.com`,
    },
  },
  "AWS::Logs::LogGroup": {
    nameProperty: "LogGroupName",
    generateName: longName,
    attributes: { Arn: (deployment, name) => arnOf(deployment, "logs", `log-group:${name}:*`) },
  },
  "AWS::IAM::Role": {
    nameProperty: "RoleName",
    generateName: longName,
    attributes: { Arn: ({ partition, accountId }, name) => `arn:${partition}:iam::${accountId}:role/${name}` },
  },
  "AWS::IAM::Policy": { nameProperty: "PolicyName", generateName: longName },
  "AWS::IAM::ManagedPolicy": {
    nameProperty: "ManagedPolicyName",
    generateName: longName,
    ref: ({ partition, accountId }, name) => `arn:${partition}:iam::${accountId}:policy/${name}`,
  },
  "AWS::SecretsManager::Secret": {
    nameProperty: "Name",
    generateName: (deployment, logicalId) => `${logicalId}-${digest(deployment, logicalId, 12)}`,
    ref: (deployment, name, logicalId) =>
      arnOf(deployment, "secretsmanager", `secret:${name}-${digest(deployment, `${logicalId}/`, 6)}`),
  },
  "AWS::ApiGatewayV2::Api": {
    generateName: shortId(10),
    attributes: {
      ApiId: (_, name) => name,
      ApiEndpoint: ({ region }, name) => `wss://${name}.execute-api.${region}.amazonaws.com`,
    },
  },
  "AWS::ApiGatewayV2::Stage": { nameProperty: "StageName", generateName: shortId(6) },
  "AWS::ApiGatewayV2::Route": { generateName: shortId(7) },
  "AWS::ApiGatewayV2::RouteResponse": { generateName: shortId(7) },
  "AWS::ApiGatewayV2::Integration": { generateName: shortId(7) },
  "AWS::ApiGatewayV2::IntegrationResponse": { generateName: shortId(7) },
  "AWS::ApiGatewayV2::Authorizer": { generateName: shortId(6) },
  "AWS::ApiGatewayV2::Deployment": { generateName: shortId(6) },
  "AWS::ApiGateway::RestApi": {
    generateName: shortId(10),
    attributes: {
      RestApiId: (_, name) => name,
      RootResourceId: (deployment, _, logicalId) => digest(deployment, `${logicalId}/root`, 10),
    },
  },
  "AWS::ApiGateway::Resource": { generateName: shortId(6), attributes: { ResourceId: (_, name) => name } },
  "AWS::ApiGateway::Method": { generateName: shortId(12) },
  "AWS::ApiGateway::Model": { nameProperty: "Name", generateName: shortId(10) },
  "AWS::ApiGateway::RequestValidator": {
    generateName: shortId(6),
    attributes: { RequestValidatorId: (_, name) => name },
  },
  "AWS::ApiGateway::GatewayResponse": { generateName: shortId(12) },
  "AWS::ApiGateway::Deployment": { generateName: shortId(6), attributes: { DeploymentId: (_, name) => name } },
  "AWS::ApiGateway::Stage": { nameProperty: "StageName", generateName: shortId(6) },
  "AWS::ApiGateway::Account": { generateName: shortId(10), attributes: { Id: (_, name) => name } },
  "AWS::ApiGateway::ApiKey": { generateName: shortId(10), attributes: { APIKeyId: (_, name) => name } },
  "AWS::ApiGateway::UsagePlan": { generateName: shortId(6), attributes: { Id: (_, name) => name } },
  "AWS::ApiGateway::UsagePlanKey": { generateName: shortId(16), attributes: { Id: (_, name) => name } },
};
