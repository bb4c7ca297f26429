import { expect, test } from "vitest";
import { headerOf } from "../../../lambdas/handlers/header-of.ts";

test.each(["Origin", "origin", "ORIGIN"])("a header is found in the spelling %s", (name) => {
  expect(headerOf({ Host: "h", [name]: "o" }, "origin")).toBe("o");
});

test.each([undefined, null])("a header is absent without headers (%s)", (headers) => {
  expect(headerOf(headers, "origin")).toBeUndefined();
});
