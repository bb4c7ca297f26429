import { expect, test } from "vitest";
import { mayInvoke } from "../../../local/lambda/permissions.ts";
import { resolveStack } from "../../../local/template/stack.ts";
import { assemblyOf, smallResources } from "../support/small-template.ts";

const source = "arn:aws:execute-api:us-east-1:000000000000:abcdefghij/socket/$connect";
const permission = {
  Action: "lambda:InvokeFunction",
  FunctionName: { "Fn::GetAtt": ["Function", "Arn"] },
  Principal: "apigateway.amazonaws.com",
  SourceArn: source,
};
const check = (change: Record<string, unknown> | undefined) => {
  const resources = smallResources();
  if (change) resources.Permission = { Type: "AWS::Lambda::Permission", Properties: { ...permission, ...change } };
  const stack = resolveStack(assemblyOf(resources));
  return () => mayInvoke(stack, stack.arn("Function"), "apigateway.amazonaws.com", source);
};

test.each([
  ["names function, caller and source", {}, true],
  ["names the function by its name", { FunctionName: { Ref: "Function" } }, true],
  ["has a wildcard for the stage", { SourceArn: source.replace("socket", "*") }, true],
  ["has no source", { SourceArn: { Ref: "AWS::NoValue" } }, true],
  ["is for this account", { SourceAccount: "000000000000" }, true],
  ["is missing", undefined, false],
  ["is for another route", { SourceArn: source.replace("$connect", "hello") }, false],
  ["is for another API", { SourceArn: source.replace("abcdefghij", "jihgfedcba") }, false],
  ["is for another caller", { Principal: "events.amazonaws.com" }, false],
  ["is for another function", { FunctionName: "other" }, false],
  ["is for another action", { Action: "lambda:GetFunction" }, false],
  ["is for another account", { SourceAccount: "111111111111" }, false],
])("a route may call a function only if its permission allows it: it %s", (_, change, expected) => {
  expect(check(change)()).toBe(expected);
});

test("a permission with an unsupported condition is an error", () => {
  expect(check({ PrincipalOrgID: "o-1" })).toThrow(/Permission has the condition PrincipalOrgID/);
});
