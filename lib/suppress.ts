import { Stack, Validations } from "aws-cdk-lib";
import type { IConstruct } from "constructs";

/** Records why a finding of cdk-nag's AwsSolutions rules is meant to be. It holds for everything inside `construct`. */
export function suppress(construct: IConstruct, rule: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: `AwsSolutions-${rule}`, reason });
}

/** How cdk-nag names `arn` in a finding: references are written `<LogicalId>` and `<LogicalId.Attribute>`. */
export function nameInFinding(construct: IConstruct, arn: string): string {
  return written(Stack.of(construct).resolve(arn));
}

type Resolved = string | { Ref: string } | { "Fn::GetAtt": [string, string] } | { "Fn::Join": [string, Resolved[]] };

function written(value: Resolved): string {
  if (typeof value === "string") return value;
  if ("Ref" in value) return `<${value.Ref}>`;
  if ("Fn::GetAtt" in value) return `<${value["Fn::GetAtt"].join(".")}>`;
  const [separator, parts] = value["Fn::Join"];
  return parts.map(written).join(separator);
}
