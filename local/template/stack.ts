import type { Assembly } from "./assembly.ts";
import { type Intrinsics, createIntrinsics } from "./intrinsics.ts";
import { attributeOf, type Deployment, physicalIdOf } from "./physical-names.ts";

/** A resource of the template, with every intrinsic function in its properties resolved. */
export interface Resource {
  readonly logicalId: string;
  /** Such as `AWS::ApiGatewayV2::Route`. */
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** The synthesized stack as CloudFormation would have deployed it. Names, ids and ARNs are the same in every run. */
export interface Stack extends Deployment {
  readonly resources: ReadonlyMap<string, Resource>;
  ofType(type: string): Resource[];
  /** What `Ref` gives: an id, a name or (secrets) an ARN. Throws if the template has no such resource. */
  physicalId(logicalId: string): string;
  /** The resource of this type that `Ref` calls `physicalId`. */
  withPhysicalId(type: string, physicalId: string): Resource | undefined;
  /** What `Fn::GetAtt` gives. Throws if this runtime does not know the attribute. */
  attribute(logicalId: string, name: string): string;
  /** The attribute `Arn`; throws for types that have none, such as APIs. */
  arn(logicalId: string): string;
  /** Folder of the file asset that was published under `objectKey`, such as a function's `Code.S3Key`. */
  assetFolder(objectKey: string): string;
}

/** Resolves the template once; what cannot be resolved is an error here, before anything runs. */
export function resolveStack({ stackName, template, assets }: Assembly): Stack {
  const deployment: Deployment = { stackName, region: "us-east-1", accountId: "000000000000", partition: "aws" };
  const inTemplate = (logicalId: string) => {
    const found = template.Resources[logicalId];
    if (!found) throw new Error(`the template has no resource ${logicalId}`);
    return found;
  };
  const physicalId = (logicalId: string) => physicalIdOf(deployment, logicalId, inTemplate(logicalId), intrinsics.resolve);
  const attribute = (logicalId: string, name: string) =>
    attributeOf(deployment, logicalId, inTemplate(logicalId), name, intrinsics.resolve);
  const intrinsics: Intrinsics = createIntrinsics(template, deployment, { ref: physicalId, attribute });

  const resources = new Map<string, Resource>();
  for (const [logicalId, { Type, Properties, Condition }] of Object.entries(template.Resources)) {
    if (Condition !== undefined && !intrinsics.holds(Condition)) continue;
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
