import { describe, expect, test } from "vitest";
import { createIam } from "../../../local/iam/iam.ts";
import type { TemplateResource } from "../../../local/template/assembly.ts";
import { resolveStack } from "../../../local/template/stack.ts";
import { assemblyOf, policyDocument, smallResources } from "../support/small-template.ts";

const open = (edit: (resources: Record<string, TemplateResource>) => void = () => {}) => {
  const resources = smallResources();
  edit(resources);
  const stack = resolveStack(assemblyOf(resources));
  return { stack, iam: createIam(stack) };
};
const withRole = (Properties: Record<string, unknown>) =>
  open((resources) => {
    resources.Role = { Type: "AWS::IAM::Role", Properties };
    delete resources.Policy;
  });
const all = policyDocument({ Effect: "Allow", Action: "dynamodb:*", Resource: "*" });

describe("a function may do what its role allows", () => {
  test("in an attached policy", () => {
    const { stack, iam } = open();
    const principal = iam.principalOfFunction("Function");
    expect(iam.allows(principal, "dynamodb:PutItem", stack.arn("Table"))).toBe(true);
    expect(iam.allows(principal, "dynamodb:DeleteItem", stack.arn("Table"))).toBe(false);
  });

  test("in an inline policy", () => {
    const { stack, iam } = withRole({ Policies: [{ PolicyName: "inline", PolicyDocument: all }] });
    expect(iam.allows(iam.principalOfFunction("Function"), "dynamodb:Scan", stack.arn("Table"))).toBe(true);
  });

  test("in a managed policy of the template", () => {
    const { stack, iam } = open((resources) => {
      resources.Role = { Type: "AWS::IAM::Role", Properties: { ManagedPolicyArns: [{ Ref: "Managed" }] } };
      resources.Managed = { Type: "AWS::IAM::ManagedPolicy", Properties: { PolicyDocument: all } };
    });
    expect(iam.allows(iam.principalOfFunction("Function"), "dynamodb:Scan", stack.arn("Table"))).toBe(true);
  });

  test("AWSLambdaBasicExecutionRole allows logs and nothing else", () => {
    const arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
    const { stack, iam } = withRole({ ManagedPolicyArns: [arn] });
    const principal = iam.principalOfFunction("Function");
    expect(iam.allows(principal, "logs:PutLogEvents", "arn:aws:logs:us-east-1:000000000000:log-group:x")).toBe(true);
    expect(iam.allows(principal, "dynamodb:Scan", stack.arn("Table"))).toBe(false);
  });
});

test("an access key identifies its function; an unknown key identifies none", () => {
  const { iam } = open();
  const principal = iam.principalOfFunction("Function");
  expect(principal.accessKeyId).toMatch(/^ASIA[0-9A-F]{16}$/);
  expect(iam.principalOfKey(principal.accessKeyId)).toBe(principal);
  expect(iam.principalOfKey("ASIA0000000000000000")).toBeUndefined();
});

test("a denial has AWS' message", () => {
  const { stack, iam } = open();
  const principal = iam.principalOfFunction("Function");
  expect(iam.denial(principal, "dynamodb:Scan", stack.arn("Table"))).toBe(
    `User: arn:aws:sts::000000000000:assumed-role/${stack.physicalId("Role")}/${stack.physicalId("Function")} is not authorized to perform: dynamodb:Scan on resource: ${stack.arn("Table")} because no identity-based policy allows the dynamodb:Scan action`,
  );
});

describe("a policy element that is not evaluated is an error", () => {
  test.each([
    [
      "a condition",
      { Policies: [{ PolicyDocument: policyDocument({ Effect: "Allow", Condition: {} }) }] },
      /has Condition/,
    ],
    [
      "NotAction",
      { Policies: [{ PolicyDocument: policyDocument({ Effect: "Allow", NotAction: "*" }) }] },
      /has NotAction/,
    ],
    [
      "another effect",
      { Policies: [{ PolicyDocument: policyDocument({ Effect: "allow" }) }] },
      /Allow or Deny, got "allow"/,
    ],
    [
      "an unknown managed policy",
      { ManagedPolicyArns: ["arn:aws:iam::aws:policy/AdministratorAccess"] },
      /AdministratorAccess/,
    ],
  ])("%s", (_, role, message) => {
    expect(() => withRole(role)).toThrow(message);
  });
});
