import { expect, test } from "vitest";
import { headerOf } from "../../../lambdas/handlers/header-of.ts";

test.each(["Origin", "origin", "ORIGIN"])("a header is found when it came as %s", (name) => {
  expect(headerOf({ Host: "h", [name]: "o" }, "origin")).toBe("o");
});

test.each([undefined, null])("a header is nothing where there are none (%s)", (headers) => {
  expect(headerOf(headers, "origin")).toBeUndefined();
});
