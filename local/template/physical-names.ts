import { createHash } from "node:crypto";
import type { TemplateResource } from "./assembly.ts";

/**
 * Replaces every intrinsic function in `value`, however deep.
 *
 * @param where logical id and path, for error messages
 * @throws if a function, resource, attribute or parameter is unknown, naming the place where it is used
 */
export type Resolve = (value: unknown, location: string) => unknown;

/** Where the stack would be deployed. */
export interface Deployment {
  readonly stackName: string;
  readonly region: string;
  readonly accountId: string;
  readonly partition: string;
}

/** How a resource is called. `name` is the property by which a template may choose the name itself. */
interface Naming {
  readonly name?: string;
  /** Made-up id or name, for when the template chooses none. */
  readonly generateName: (deployment: Deployment, logicalId: string) => string;
  /** What `Ref` gives, if it is not the name. */
  readonly ref?: (deployment: Deployment, name: string, logicalId: string) => string;
  readonly attributes?: Record<string, (deployment: Deployment, name: string, logicalId: string) => string>;
}

/** What `Ref` gives for this resource. */
export function physicalIdOf(deployment: Deployment, logicalId: string, resource: TemplateResource, resolve: Resolve): string {
  const { naming, name } = named(deployment, logicalId, resource, resolve);
  return naming.ref?.(deployment, name, logicalId) ?? name;
}

/** What `Fn::GetAtt` gives for this resource. */
export function attributeOf(
  deployment: Deployment,
  logicalId: string,
  resource: TemplateResource,
  attribute: string,
  resolve: Resolve,
): string {
  const { naming, name } = named(deployment, logicalId, resource, resolve);
  const find = naming.attributes?.[attribute];
  if (find) return find(deployment, name, logicalId);
  const known = Object.keys(naming.attributes ?? {}).join(", ") || "none";
  throw new Error(
    `the local runtime does not know the attribute ${attribute} of ${logicalId} (${resource.Type}), known: ${known}`,
  );
}

function named(deployment: Deployment, logicalId: string, { Type, Properties }: TemplateResource, resolve: Resolve) {
  const naming = namings[Type];
  if (!naming) throw new Error(`the local runtime does not know how a ${Type} such as ${logicalId} is named`);
  const chosen = naming.name === undefined ? undefined : Properties?.[naming.name];
  const name = chosen === undefined ? undefined : resolve(chosen, `${logicalId}.${naming.name}`);
  return { naming, name: typeof name === "string" ? name : naming.generateName(deployment, logicalId) };
}

/** Characters made of the names alone, so that they are the same in every run. */
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

const arn = ({ partition, region, accountId }: Deployment, service: string, resource: string) =>
  `arn:${partition}:${service}:${region}:${accountId}:${resource}`;

const tableNaming: Naming = {
  name: "TableName",
  generateName: longName,
  attributes: { Arn: (deployment, name) => arn(deployment, "dynamodb", `table/${name}`) },
};

const namings: Record<string, Naming> = {
  "AWS::DynamoDB::Table": tableNaming,
  "AWS::DynamoDB::GlobalTable": tableNaming,
  "AWS::Lambda::Function": {
    name: "FunctionName",
    generateName: lambdaName,
    attributes: { Arn: (deployment, name) => arn(deployment, "lambda", `function:${name}`) },
  },
  "AWS::Lambda::Permission": { generateName: longName },
  "AWS::Lambda::EventSourceMapping": { generateName: shortId(12) },
  "AWS::SQS::Queue": {
    name: "QueueName",
    generateName: longName,
    ref: ({ region, accountId }, name) => `https://sqs.${region}.amazonaws.com/${accountId}/${name}`,
    attributes: {
      Arn: (deployment, name) => arn(deployment, "sqs", name),
      QueueName: (_, name) => name,
    },
  },
  "AWS::S3::Bucket": {
    name: "BucketName",
    // Part of a host's name, which has 63 characters at most and no capitals.
    generateName: (deployment, logicalId) =>
      `${deployment.stackName}-${logicalId.slice(0, 24)}-${digest(deployment, logicalId, 12)}`.toLowerCase(),
    attributes: {
      Arn: ({ partition }, name) => `arn:${partition}:s3:::${name}`,
      RegionalDomainName: ({ region }, name) => `${name}.s3.${region}.amazonaws.com`,
    },
  },
  "AWS::Logs::LogGroup": {
    name: "LogGroupName",
    generateName: longName,
    attributes: { Arn: (deployment, name) => arn(deployment, "logs", `log-group:${name}:*`) },
  },
  "AWS::IAM::Role": {
    name: "RoleName",
    generateName: longName,
    attributes: { Arn: ({ partition, accountId }, name) => `arn:${partition}:iam::${accountId}:role/${name}` },
  },
  "AWS::IAM::Policy": { name: "PolicyName", generateName: longName },
  "AWS::IAM::ManagedPolicy": {
    name: "ManagedPolicyName",
    generateName: longName,
    ref: ({ partition, accountId }, name) => `arn:${partition}:iam::${accountId}:policy/${name}`,
  },
  "AWS::SecretsManager::Secret": {
    name: "Name",
    generateName: (deployment, logicalId) => `${logicalId}-${digest(deployment, logicalId, 12)}`,
    ref: (deployment, name, logicalId) =>
      arn(deployment, "secretsmanager", `secret:${name}-${digest(deployment, `${logicalId}/`, 6)}`),
  },
  "AWS::ApiGatewayV2::Api": {
    generateName: shortId(10),
    attributes: {
      ApiId: (_, name) => name,
      ApiEndpoint: ({ region }, name) => `wss://${name}.execute-api.${region}.amazonaws.com`,
    },
  },
  "AWS::ApiGatewayV2::Stage": { name: "StageName", generateName: shortId(6) },
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
  "AWS::ApiGateway::Model": { name: "Name", generateName: shortId(10) },
  "AWS::ApiGateway::RequestValidator": {
    generateName: shortId(6),
    attributes: { RequestValidatorId: (_, name) => name },
  },
  "AWS::ApiGateway::GatewayResponse": { generateName: shortId(12) },
  "AWS::ApiGateway::Deployment": { generateName: shortId(6), attributes: { DeploymentId: (_, name) => name } },
  "AWS::ApiGateway::Stage": { name: "StageName", generateName: shortId(6) },
  "AWS::ApiGateway::Account": { generateName: shortId(10), attributes: { Id: (_, name) => name } },
  "AWS::ApiGateway::ApiKey": { generateName: shortId(10), attributes: { APIKeyId: (_, name) => name } },
  "AWS::ApiGateway::UsagePlan": { generateName: shortId(6), attributes: { Id: (_, name) => name } },
  "AWS::ApiGateway::UsagePlanKey": { generateName: shortId(16), attributes: { Id: (_, name) => name } },
};
