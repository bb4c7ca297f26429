import { describe, expect, test } from "vitest";
import type { Template } from "../../../local/template/assembly.ts";
import { resolveStack } from "../../../local/template/stack.ts";
import { assemblyOf } from "../support/small-template.ts";

const otherSections: Partial<Template> = {
  Parameters: { Version: { Default: "6" }, NoDefault: {} },
  Mappings: { Sizes: { small: { bytes: 128 } } },
  Conditions: {
    IsHere: { "Fn::Equals": [{ Ref: "AWS::Region" }, "us-east-1"] },
    IsAway: { "Fn::Not": [{ Condition: "IsHere" }] },
    Both: { "Fn::And": [{ Condition: "IsHere" }, { Condition: "IsAway" }] },
    Either: { "Fn::Or": [{ Condition: "IsHere" }, { Condition: "IsAway" }] },
  },
};
const resolve = (value: unknown) =>
  resolveStack(
    assemblyOf(
      {
        Table: { Type: "AWS::DynamoDB::Table", Properties: { TableName: "rooms" } },
        Api: { Type: "AWS::ApiGatewayV2::Api" },
        Odd: { Type: "AWS::Unknown::Type" },
        Consumer: { Type: "AWS::Logs::LogGroup", Properties: { value } },
      },
      otherSections,
    ),
  ).resources.get("Consumer")?.properties.value;

describe("resolves", () => {
  test.each([
    ["a plain value", { a: [1, true, null, "x"] }, { a: [1, true, null, "x"] }],
    ["Ref of a resource", { Ref: "Table" }, "rooms"],
    ["Ref of a parameter", { Ref: "Version" }, "6"],
    ["Ref of the account", { Ref: "AWS::AccountId" }, "000000000000"],
    ["Ref of the region", { Ref: "AWS::Region" }, "us-east-1"],
    ["Ref of the stack's name", { Ref: "AWS::StackName" }, "Small"],
    ["GetAtt as a list", { "Fn::GetAtt": ["Table", "Arn"] }, "arn:aws:dynamodb:us-east-1:000000000000:table/rooms"],
    ["GetAtt as a text", { "Fn::GetAtt": "Table.Arn" }, "arn:aws:dynamodb:us-east-1:000000000000:table/rooms"],
    ["Join", { "Fn::Join": ["-", ["a", { Ref: "Table" }, 3]] }, "a-rooms-3"],
    ["Sub", { "Fn::Sub": `\${Table}/\${Table.Arn}` }, "rooms/arn:aws:dynamodb:us-east-1:000000000000:table/rooms"],
    ["Sub with variables", { "Fn::Sub": [`\${a}\${!b}`, { a: { Ref: "Table" } }] }, `rooms\${b}`],
    ["Select of Split", { "Fn::Select": [1, { "Fn::Split": ["/", "a/b/c"] }] }, "b"],
    ["FindInMap", { "Fn::FindInMap": ["Sizes", "small", "bytes"] }, 128],
    ["If with a true condition", { "Fn::If": ["IsHere", "yes", "no"] }, "yes"],
    ["If with a false condition", { "Fn::If": ["IsAway", "yes", "no"] }, "no"],
    ["If over And", { "Fn::If": ["Both", "yes", "no"] }, "no"],
    ["If over Or", { "Fn::If": ["Either", "yes", "no"] }, "yes"],
    ["NoValue in an object", { a: 1, b: { Ref: "AWS::NoValue" } }, { a: 1 }],
    ["NoValue in a list", [1, { Ref: "AWS::NoValue" }, 2], [1, 2]],
    ["a policy's Condition, which is not a function", { Condition: { Bool: {} } }, { Condition: { Bool: {} } }],
  ])("%s", (_, value, expected) => {
    expect(resolve(value)).toEqual(expected);
  });

  test("an API's id has ten lower-case characters and is the same in every run", () => {
    expect(resolve({ Ref: "Api" })).toMatch(/^[a-z0-9]{10}$/);
    expect(resolve({ Ref: "Api" })).toBe(resolve({ Ref: "Api" }));
  });
});

describe("an error text names the location of", () => {
  test.each([
    [
      "an unknown function",
      { deep: { "Fn::ImportValue": "x" } },
      /^Consumer\.value\.deep: Fn::ImportValue is not supported/,
    ],
    ["an unknown resource", { Ref: "Nobody" }, /^Consumer\.value: the template has no resource Nobody/],
    [
      "an unknown attribute",
      { "Fn::GetAtt": ["Table", "Colour"] },
      /^Consumer\.value: .*attribute Colour of Table.*known: Arn/,
    ],
    [
      "a resource of an unknown type",
      { Ref: "Odd" },
      /^Consumer\.value: .*how a AWS::Unknown::Type such as Odd is named/,
    ],
    ["a parameter without a default", { Ref: "NoDefault" }, /^Consumer\.value: the parameter NoDefault has no default/],
    ["a missing element", { "Fn::Select": [5, ["a"]] }, /^Consumer\.value: Fn::Select asks for element 5/],
    ["an unknown condition", { "Fn::If": ["IsThere", 1, 2] }, /the template has no condition IsThere/],
  ])("%s", (_, value, message) => {
    expect(() => resolve(value)).toThrow(message);
  });
});

test("a resource with a false condition does not exist", () => {
  const stack = resolveStack(
    assemblyOf(
      { Gone: { Type: "AWS::Logs::LogGroup", Condition: "IsAway" }, Here: { Type: "AWS::Logs::LogGroup" } },
      otherSections,
    ),
  );
  expect([...stack.resources.keys()]).toEqual(["Here"]);
});
