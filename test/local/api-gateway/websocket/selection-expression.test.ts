// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is how API Gateway writes variables
import { expect, test } from "vitest";
import { compileSelection } from "../../../../local/api-gateway/websocket/selection-expression.ts";

const body = { action: "a", n: 3, yes: true, list: ["x", 1], inner: { op: "b" } };

test.each([
  ["$request.body.action", "a"],
  ["${request.body.action}", "a"],
  ["${request.body.action}/${request.body.inner.op}", "a/b"],
  ["v1-$request.body.action", "v1-a"],
  ["$request.body.n", "3"],
  ["$request.body.yes", "true"],
  ["$request.body.list", "[x, 1]"],
  ["$request.body.list[0]", "x"],
  ["$request.body.missing", ""],
  ["$request.body.missing.deeper", ""],
  ["$request.body.constructor", ""],
  ["\\$default", "$default"],
  ["$default", "$default"],
  ["constant", "constant"],
  ["${integration.response.statuscode}", "404"],
])("%s selects %s", (expression, selected) => {
  expect(compileSelection(expression)({ body, statusCode: 404 })).toBe(selected);
});

test.each(["$request.header.x", "${context.routeKey}", "$", "$request.body.a[*]"])("%s is rejected", (expression) => {
  expect(() => compileSelection(expression)).toThrow();
});
