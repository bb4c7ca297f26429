import { expect, test } from "vitest";
import { decide } from "../../../local/iam/decide.ts";

const table = "arn:aws:dynamodb:us-east-1:000000000000:table/Rooms";
const allow = (actions: string[], resources: string[]) => ({ effect: "Allow", actions, resources }) as const;
const deny = (actions: string[], resources: string[]) => ({ effect: "Deny", actions, resources }) as const;

test.each([
  ["there is no statement", [], "noAllow"],
  ["the action and the resource are named", [allow(["dynamodb:GetItem"], [table])], "allowed"],
  ["the action is written in another case", [allow(["DynamoDB:getitem"], [table])], "allowed"],
  ["another action is named", [allow(["dynamodb:PutItem"], [table])], "noAllow"],
  ["the pattern is a prefix of the action", [allow(["dynamodb:Get"], [table])], "noAllow"],
  ["a wildcard covers the action", [allow(["dynamodb:Get*"], [table])], "allowed"],
  ["a question mark stands for one character", [allow(["dynamodb:GetIte?"], [table])], "allowed"],
  ["everything is allowed everywhere", [allow(["*"], ["*"])], "allowed"],
  ["the statement names another resource", [allow(["dynamodb:*"], [`${table}2`])], "noAllow"],
  ["the resource is written in another case", [allow(["dynamodb:*"], [table.toLowerCase()])], "noAllow"],
  ["the statement names only the table's indexes", [allow(["dynamodb:*"], [`${table}/index/*`])], "noAllow"],
  ["a wildcard covers the resource", [allow(["dynamodb:*"], ["arn:aws:dynamodb:*:*:table/Ro*"])], "allowed"],
  [
    "a wildcard would have to reach beyond its part of the ARN",
    [allow(["dynamodb:*"], ["arn:aws:*:table/Rooms"])],
    "noAllow",
  ],
  ["a dot in the pattern is not a wildcard", [allow(["dynamodb:*"], [table.replace("R", ".")])], "noAllow"],
  ["one of several statements applies", [allow(["s3:*"], ["*"]), allow(["dynamodb:*"], ["*"])], "allowed"],
  ["a Deny and an Allow apply", [allow(["*"], ["*"]), deny(["dynamodb:GetItem"], [table])], "denied"],
  ["a Deny is for another action", [allow(["*"], ["*"]), deny(["dynamodb:PutItem"], [table])], "allowed"],
])("GetItem when %s", (_, statements, expected) => {
  expect(decide(statements, "dynamodb:GetItem", table)).toBe(expected);
});
