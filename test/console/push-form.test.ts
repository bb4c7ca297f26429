import { describe, expect, test } from "vitest";
import { curlCommand, jsonProblem, pushBody } from "../../console/push.ts";
import type { PushForm } from "../../console/state.ts";

const form: PushForm = { to: "room", roomId: "456", userId: "ann", eventName: "test", dataText: "{}" };

describe("the body of a push", () => {
  test.each<[string, Partial<PushForm>, string]>([
    ["names a room", {}, '{"roomId":"456","eventName":"test","data":{}}'],
    ["names a user", { to: "user" }, '{"userId":"ann","eventName":"test","data":{}}'],
    ["names no target to reach everyone", { to: "everyone" }, '{"eventName":"test","data":{}}'],
    [
      "contains the data as they were entered",
      { dataText: " [12345678901234567890, 1.0]\n" },
      '{"roomId":"456","eventName":"test","data":[12345678901234567890, 1.0]}',
    ],
  ])("%s", (_, change, expected) => {
    expect(pushBody({ ...form, ...change })).toBe(expected);
  });
});

test.each([
  ["null", undefined],
  ['{"a": 1}', undefined],
  ["  ", "Data is empty. Enter any JSON value, for example null."],
  ["{'a': 1}", expect.stringMatching(/^Not JSON: /)],
])("jsonProblem explains why %j is not valid JSON", (text, expected) => {
  expect(jsonProblem(text)).toEqual(expected);
});

test("the curl command escapes quotes in the data for a shell", () => {
  expect(curlCommand("http://localhost:4500/api/push", "key", { ...form, dataText: '"it\'s"' })).toBe(
    [
      "curl 'http://localhost:4500/api/push' \\",
      "  -H 'x-api-key: key' \\",
      "  -H 'content-type: application/json' \\",
      `  -d '{"roomId":"456","eventName":"test","data":"it'\\''s"}'`,
    ].join("\n"),
  );
});
