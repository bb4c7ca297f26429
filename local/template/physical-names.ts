import { createHash } from "node:crypto";
import type { TemplateResource } from "./assembly.ts";

/**
 * Replaces every intrinsic function in `value`, however deep.
 *
 * @param where logical id and path, for error messages
 * @throws if a function, resource, attribute or parameter is unknown, naming the place where it is used
 */
export type Resolve = (value: unknown, where: string) => unknown;

/** Where the stack would be deployed. */
export interface Place {
  readonly stackName: string;
  readonly region: string;
  readonly accountId: string;
  readonly partition: string;
}

/** How a resource is called. `name` is the property by which a template may choose the name itself. */
interface Naming {
  readonly name?: string;
  /** Made-up id or name, for when the template chooses none. */
  readonly makeUp: (place: Place, logicalId: string) => string;
  /** What `Ref` gives, if it is not the name. */
  readonly ref?: (place: Place, name: string, logicalId: string) => string;
  readonly attributes?: Record<string, (place: Place, name: string, logicalId: string) => string>;
}

/** What `Ref` gives for this resource. */
export function physicalIdOf(place: Place, logicalId: string, resource: TemplateResource, resolve: Resolve): string {
  const { naming, name } = named(place, logicalId, resource, resolve);
  return naming.ref?.(place, name, logicalId) ?? name;
}

/** What `Fn::GetAtt` gives for this resource. */
export function attributeOf(
  place: Place,
  logicalId: string,
  resource: TemplateResource,
  attribute: string,
  resolve: Resolve,
): string {
  const { naming, name } = named(place, logicalId, resource, resolve);
  const find = naming.attributes?.[attribute];
  if (find) return find(place, name, logicalId);
  const known = Object.keys(naming.attributes ?? {}).join(", ") || "none";
  throw new Error(
    `the local runtime does not know the attribute ${attribute} of ${logicalId} (${resource.Type}), known: ${known}`,
  );
}

function named(place: Place, logicalId: string, { Type, Properties }: TemplateResource, resolve: Resolve) {
  const naming = namings[Type];
  if (!naming) throw new Error(`the local runtime does not know how a ${Type} such as ${logicalId} is named`);
  const chosen = naming.name === undefined ? undefined : Properties?.[naming.name];
  const name = chosen === undefined ? undefined : resolve(chosen, `${logicalId}.${naming.name}`);
  return { naming, name: typeof name === "string" ? name : naming.makeUp(place, logicalId) };
}

/** Characters made of the names alone, so that they are the same in every run. */
function digest(place: Place, logicalId: string, chars: number): string {
  const hex = createHash("sha256").update(`${place.stackName}/${logicalId}`).digest("hex");
  return BigInt(`0x${hex}`).toString(36).slice(0, chars);
}
const shortId =
  (chars: number): Naming["makeUp"] =>
  (place, logicalId) =>
    digest(place, logicalId, chars);
const longName: Naming["makeUp"] = (place, logicalId) =>
  `${place.stackName}-${logicalId}-${digest(place, logicalId, 12).toUpperCase()}`;
const lambdaName: Naming["makeUp"] = (place, logicalId) =>
  `${place.stackName}-${logicalId.slice(0, 24)}-${digest(place, logicalId, 12)}`;

const arn = ({ partition, region, accountId }: Place, service: string, resource: string) =>
  `arn:${partition}:${service}:${region}:${accountId}:${resource}`;

const tableNaming: Naming = {
  name: "TableName",
  makeUp: longName,
  attributes: { Arn: (place, name) => arn(place, "dynamodb", `table/${name}`) },
};

const namings: Record<string, Naming> = {
  "AWS::DynamoDB::Table": tableNaming,
  "AWS::DynamoDB::GlobalTable": tableNaming,
  "AWS::Lambda::Function": {
    name: "FunctionName",
    makeUp: lambdaName,
    attributes: { Arn: (place, name) => arn(place, "lambda", `function:${name}`) },
  },
  "AWS::Lambda::Permission": { makeUp: longName },
  "AWS::Lambda::EventSourceMapping": { makeUp: shortId(12) },
  "AWS::SQS::Queue": {
    name: "QueueName",
    makeUp: longName,
    ref: ({ region, accountId }, name) => `https://sqs.${region}.amazonaws.com/${accountId}/${name}`,
    attributes: {
      Arn: (place, name) => arn(place, "sqs", name),
      QueueName: (_, name) => name,
    },
  },
  "AWS::S3::Bucket": {
    name: "BucketName",
    // Part of a host's name, which has 63 characters at most and no capitals.
    makeUp: (place, logicalId) =>
      `${place.stackName}-${logicalId.slice(0, 24)}-${digest(place, logicalId, 12)}`.toLowerCase(),
    attributes: {
      Arn: ({ partition }, name) => `arn:${partition}:s3:::${name}`,
      RegionalDomainName: ({ region }, name) => `${name}.s3.${region}.amazonaws.com`,
    },
  },
  "AWS::Logs::LogGroup": {
    name: "LogGroupName",
    makeUp: longName,
    attributes: { Arn: (place, name) => arn(place, "logs", `log-group:${name}:*`) },
  },
  "AWS::IAM::Role": {
    name: "RoleName",
    makeUp: longName,
    attributes: { Arn: ({ partition, accountId }, name) => `arn:${partition}:iam::${accountId}:role/${name}` },
  },
  "AWS::IAM::Policy": { name: "PolicyName", makeUp: longName },
  "AWS::IAM::ManagedPolicy": {
    name: "ManagedPolicyName",
    makeUp: longName,
    ref: ({ partition, accountId }, name) => `arn:${partition}:iam::${accountId}:policy/${name}`,
  },
  "AWS::SecretsManager::Secret": {
    name: "Name",
    makeUp: (place, logicalId) => `${logicalId}-${digest(place, logicalId, 12)}`,
    ref: (place, name, logicalId) =>
      arn(place, "secretsmanager", `secret:${name}-${digest(place, `${logicalId}/`, 6)}`),
  },
  "AWS::ApiGatewayV2::Api": {
    makeUp: shortId(10),
    attributes: {
      ApiId: (_, name) => name,
      ApiEndpoint: ({ region }, name) => `wss://${name}.execute-api.${region}.amazonaws.com`,
    },
  },
  "AWS::ApiGatewayV2::Stage": { name: "StageName", makeUp: shortId(6) },
  "AWS::ApiGatewayV2::Route": { makeUp: shortId(7) },
  "AWS::ApiGatewayV2::RouteResponse": { makeUp: shortId(7) },
  "AWS::ApiGatewayV2::Integration": { makeUp: shortId(7) },
  "AWS::ApiGatewayV2::IntegrationResponse": { makeUp: shortId(7) },
  "AWS::ApiGatewayV2::Authorizer": { makeUp: shortId(6) },
  "AWS::ApiGatewayV2::Deployment": { makeUp: shortId(6) },
  "AWS::ApiGateway::RestApi": {
    makeUp: shortId(10),
    attributes: {
      RestApiId: (_, name) => name,
      RootResourceId: (place, _, logicalId) => digest(place, `${logicalId}/root`, 10),
    },
  },
  "AWS::ApiGateway::Resource": { makeUp: shortId(6), attributes: { ResourceId: (_, name) => name } },
  "AWS::ApiGateway::Method": { makeUp: shortId(12) },
  "AWS::ApiGateway::Model": { name: "Name", makeUp: shortId(10) },
  "AWS::ApiGateway::RequestValidator": {
    makeUp: shortId(6),
    attributes: { RequestValidatorId: (_, name) => name },
  },
  "AWS::ApiGateway::GatewayResponse": { makeUp: shortId(12) },
  "AWS::ApiGateway::Deployment": { makeUp: shortId(6), attributes: { DeploymentId: (_, name) => name } },
  "AWS::ApiGateway::Stage": { name: "StageName", makeUp: shortId(6) },
  "AWS::ApiGateway::Account": { makeUp: shortId(10), attributes: { Id: (_, name) => name } },
  "AWS::ApiGateway::ApiKey": { makeUp: shortId(10), attributes: { APIKeyId: (_, name) => name } },
  "AWS::ApiGateway::UsagePlan": { makeUp: shortId(6), attributes: { Id: (_, name) => name } },
  "AWS::ApiGateway::UsagePlanKey": { makeUp: shortId(16), attributes: { Id: (_, name) => name } },
};
