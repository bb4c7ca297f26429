import { readFileSync } from "node:fs";
import { App } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { DownlinkStack, type DownlinkStackProps } from "../../lib/index.ts";

// Validation against CloudFormation's rules takes longer than everything else. nag.test.ts runs it once.
process.env.CDK_VALIDATION = "false";

/**
 * An app with the feature flags of cdk.json.
 *
 * @param bundled names of the stacks whose functions are bundled
 */
export function newApp({ bundled = [] }: { bundled?: string[] } = {}): App {
  const { context } = JSON.parse(readFileSync(new URL("../../cdk.json", import.meta.url), "utf8"));
  return new App({
    context: { ...context, "aws:cdk:bundling-stacks": bundled, "aws:cdk:enable-path-metadata": true },
  });
}

export function synthesize(props: DownlinkStackProps = {}): Template {
  return Template.fromStack(new DownlinkStack(newApp(), "Downlink", props));
}

export interface Resource {
  Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: template properties are JSON of any shape, and a wrong path fails its test
  Properties: any;
  Metadata?: Record<string, string>;
  DependsOn?: string[];
  DeletionPolicy?: string;
}

/** The resources of one type, by logical id. */
export function resourcesOf(template: Template, type: string): Record<string, Resource> {
  return template.findResources(type) as Record<string, Resource>;
}

/** The text of a template value. References to resources become construct paths: `<Tables/Rooms>`. */
export function readable(template: Template, value: unknown): string {
  const { Resources } = template.toJSON();
  const nameOf = (logicalId: string) =>
    Resources[logicalId]?.Metadata?.["aws:cdk:path"]?.replace("Downlink/Downlink/", "").replace("/Resource", "") ??
    logicalId;
  const toText = (part: unknown): string => {
    if (typeof part === "string") return part;
    const { Ref, "Fn::Join": join, "Fn::GetAtt": attribute } = part as Record<string, unknown>;
    if (typeof Ref === "string") return `<${nameOf(Ref)}>`;
    if (Array.isArray(join)) return join[1].map(toText).join(join[0]);
    if (Array.isArray(attribute)) return `<${nameOf(attribute[0])}.${attribute[1]}>`;
    throw new Error(`cannot read ${JSON.stringify(part)}`);
  };
  return toText(value);
}
