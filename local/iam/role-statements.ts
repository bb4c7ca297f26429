import { memberOf } from "../template/json-object.ts";
import type { Stack } from "../template/stack.ts";

/** One statement of a policy. `Action` and `Resource` may be a string in a template; here they are lists. */
export interface Statement {
  effect: "Allow" | "Deny";
  actions: string[];
  resources: string[];
}

const writeLogs: Statement = {
  effect: "Allow",
  actions: ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
  resources: ["*"],
};
/** The supported AWS managed policies. They grant no action that is served locally. */
const awsManagedPolicies: Record<string, Statement[]> = {
  "service-role/AWSLambdaBasicExecutionRole": [writeLogs],
};

/**
 * The statements of all policies of a role: inline, attached and managed.
 *
 * @throws if a policy uses an element that is not evaluated here, so that no function is allowed more than on AWS
 */
export function roleStatements(stack: Stack, roleLogicalId: string): Statement[] {
  const role = stack.resources.get(roleLogicalId);
  if (role?.type !== "AWS::IAM::Role") throw new Error(`the template has no role ${roleLogicalId}`);
  const name = stack.physicalId(roleLogicalId);
  const inline = list(role.properties.Policies).map((policy) => memberOf(policy, "PolicyDocument"));
  const attached = ["AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"]
    .flatMap((type) => stack.ofType(type))
    .filter(({ properties }) => list(properties.Roles).includes(name));
  const managed = list(role.properties.ManagedPolicyArns).map(String);
  return [
    ...inline.flatMap((document) => statementsOf(document, roleLogicalId)),
    ...attached.flatMap(({ logicalId, properties }) => statementsOf(properties.PolicyDocument, logicalId)),
    ...managed.flatMap((arn) => managedStatements(stack, arn, roleLogicalId)),
  ];
}

function managedStatements(stack: Stack, arn: string, location: string): Statement[] {
  const inTemplate = stack.withPhysicalId("AWS::IAM::ManagedPolicy", arn);
  if (inTemplate) return statementsOf(inTemplate.properties.PolicyDocument, inTemplate.logicalId);
  const [, name = arn] = arn.split(":policy/");
  const known = awsManagedPolicies[name];
  if (known) return known;
  const names = Object.keys(awsManagedPolicies).join(", ");
  throw new Error(
    `${location} has the managed policy ${name}; the local runtime supports only ${names}, so grant the actions in a policy of the template instead`,
  );
}

function statementsOf(document: unknown, location: string): Statement[] {
  return list(memberOf(document, "Statement")).map((statement) => {
    const { Sid: _, Effect, Action, Resource, ...others } = statement as Record<string, unknown>;
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) {
      throw new Error(
        `${location}: a policy statement has ${unknown}, which the local runtime does not evaluate; allowed are Sid, Effect, Action and Resource`,
      );
    }
    if (Effect !== "Allow" && Effect !== "Deny") {
      throw new Error(
        `${location}: a policy statement's Effect should be Allow or Deny, got ${JSON.stringify(Effect)}`,
      );
    }
    return { effect: Effect, actions: list(Action).map(String), resources: list(Resource).map(String) };
  });
}

const list = (value: unknown): unknown[] => (value === undefined ? [] : [value].flat());
