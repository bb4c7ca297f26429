import type { Assembly } from "./assembly.ts";
import type { Deployment } from "./deployment.ts";
import { createIntrinsics, type Intrinsics } from "./intrinsics.ts";
import { attributeOf, physicalIdOf } from "./physical-names.ts";

/** A resource of the template, with every intrinsic function in its properties resolved. */
export interface Resource {
  readonly logicalId: string;
  /** Such as `AWS::ApiGatewayV2::Route`. */
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/**
 * The stack as CloudFormation would deploy it: references, conditions and names are resolved. Names, ids and ARNs are
 * the same in every run.
 */
export interface Stack extends Deployment {
  /** By logical id. */
  readonly resources: ReadonlyMap<string, Resource>;
  ofType(type: string): Resource[];
  /** The result of `Ref`: an id, a name or (for secrets) an ARN. Throws if the template has no such resource. */
  physicalId(logicalId: string): string;
  /** The resource of this type whose `Ref` is `physicalId`. */
  withPhysicalId(type: string, physicalId: string): Resource | undefined;
  /** The result of `Fn::GetAtt`. Throws if the local runtime does not know the attribute. */
  attribute(logicalId: string, name: string): string;
  /** The attribute `Arn`. Throws for types that have none, such as APIs. */
  arn(logicalId: string): string;
  /** The source folder of the file asset with this object key, such as a function's `Code.S3Key`. */
  assetFolder(objectKey: string): string;
}

/**
 * Resolves the whole template before anything runs.
 *
 * @throws if the template has a reference, function or type that the local runtime cannot resolve
 */
export function resolveStack({ stackName, template, assets }: Assembly): Stack {
  const deployment: Deployment = { stackName, region: "us-east-1", accountId: "000000000000", partition: "aws" };
  const resourceOf = (logicalId: string) => {
    const found = template.Resources[logicalId];
    if (!found) throw new Error(`the template has no resource ${logicalId}`);
    return found;
  };
  const physicalId = (logicalId: string) =>
    physicalIdOf(deployment, logicalId, resourceOf(logicalId), intrinsics.resolve);
  const attribute = (logicalId: string, name: string) =>
    attributeOf(deployment, logicalId, resourceOf(logicalId), name, intrinsics.resolve);
  const intrinsics: Intrinsics = createIntrinsics(template, deployment, { ref: physicalId, attribute });

  const resources = new Map<string, Resource>();
  for (const [logicalId, { Type, Properties, Condition }] of Object.entries(template.Resources)) {
    if (Condition !== undefined && !intrinsics.isConditionTrue(Condition)) continue;
    const properties = intrinsics.resolve(Properties ?? {}, logicalId) as Record<string, unknown>;
    resources.set(logicalId, { logicalId, type: Type, properties });
  }
  const ofType = (type: string) => [...resources.values()].filter((resource) => resource.type === type);
  return {
    ...deployment,
    resources,
    ofType,
    physicalId,
    withPhysicalId: (type, id) => ofType(type).find(({ logicalId }) => physicalId(logicalId) === id),
    attribute,
    arn: (logicalId) => attribute(logicalId, "Arn"),
    assetFolder: (objectKey) => {
      const folder = assets.get(objectKey);
      if (folder === undefined) throw new Error(`the cloud assembly has no file asset ${objectKey}`);
      return folder;
    },
  };
}
