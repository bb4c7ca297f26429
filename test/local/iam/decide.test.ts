import { expect, test } from "vitest";
import { decide } from "../../../local/iam/decide.ts";

const table = "arn:aws:dynamodb:us-east-1:000000000000:table/Rooms";
const allow = (actions: string[], resources: string[]) => ({ effect: "Allow", actions, resources }) as const;
const deny = (actions: string[], resources: string[]) => ({ effect: "Deny", actions, resources }) as const;

test.each([
  ["nothing is said", [], "noAllow"],
  ["the action and the resource are named", [allow(["dynamodb:GetItem"], [table])], "allowed"],
  ["the action is written in another case", [allow(["DynamoDB:getitem"], [table])], "allowed"],
  ["another action is named", [allow(["dynamodb:PutItem"], [table])], "noAllow"],
  ["the action is the beginning of another", [allow(["dynamodb:Get"], [table])], "noAllow"],
  ["a wildcard covers the action", [allow(["dynamodb:Get*"], [table])], "allowed"],
  ["a question mark stands for one character", [allow(["dynamodb:GetIte?"], [table])], "allowed"],
  ["everything is allowed everywhere", [allow(["*"], ["*"])], "allowed"],
  ["the resource is another", [allow(["dynamodb:*"], [`${table}2`])], "noAllow"],
  ["the resource is written in another case", [allow(["dynamodb:*"], [table.toLowerCase()])], "noAllow"],
  ["the table's indexes only are named", [allow(["dynamodb:*"], [`${table}/index/*`])], "noAllow"],
  ["a wildcard covers the resource", [allow(["dynamodb:*"], ["arn:aws:dynamodb:*:*:table/Ro*"])], "allowed"],
  ["a wildcard ends at its part of the ARN", [allow(["dynamodb:*"], ["arn:aws:*:table/Rooms"])], "noAllow"],
  ["a dot is a dot", [allow(["dynamodb:*"], [table.replace("R", ".")])], "noAllow"],
  ["one statement of several fits", [allow(["s3:*"], ["*"]), allow(["dynamodb:*"], ["*"])], "allowed"],
  ["a Deny stands against an Allow", [allow(["*"], ["*"]), deny(["dynamodb:GetItem"], [table])], "denied"],
  ["a Deny is about something else", [allow(["*"], ["*"]), deny(["dynamodb:PutItem"], [table])], "allowed"],
])("GetItem when %s", (_, statements, expected) => {
  expect(decide(statements, "dynamodb:GetItem", table)).toBe(expected);
});
