import { Stack, Validations } from "aws-cdk-lib";
import type { IConstruct } from "constructs";

/**
 * Suppresses a finding of cdk-nag's AwsSolutions rules for `construct` and everything in it.
 *
 * @param rule id without the prefix `AwsSolutions-`, for example `APIG4`
 */
export function suppress(construct: IConstruct, rule: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: `AwsSolutions-${rule}`, reason });
}

/** The text of `arn` in a cdk-nag finding, which writes references as `<LogicalId>` and `<LogicalId.Attribute>`. */
export function nameInFinding(construct: IConstruct, arn: string): string {
  return toText(Stack.of(construct).resolve(arn));
}

type Resolved = string | { Ref: string } | { "Fn::GetAtt": [string, string] } | { "Fn::Join": [string, Resolved[]] };

function toText(value: Resolved): string {
  if (typeof value === "string") return value;
  if ("Ref" in value) return `<${value.Ref}>`;
  if ("Fn::GetAtt" in value) return `<${value["Fn::GetAtt"].join(".")}>`;
  const [separator, parts] = value["Fn::Join"];
  return parts.map(toText).join(separator);
}
