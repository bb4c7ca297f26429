// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is how API Gateway writes variables
import { expect, test } from "vitest";
import { compileMappingTemplate } from "../../../../local/api-gateway/integration/mapping-template.ts";

const scope = {
  body: '{"a":{"b":[1,"two"]},"text":"it\'s \\"4/5\\" ä\\n","n":null,"constructor":1}',
  context: { connectionId: "abc=", authorizer: { principalId: "ann" }, connectedAt: 5 },
  stageVariables: { k: "v" },
};

test.each([
  ["plain text, $5 and #456 included", "plain text, $5 and #456 included"],
  ["$input.body", scope.body],
  ["$input.path('$.a.b[0]')", "1"],
  ["$input.path('$.a.b[1]')!", "two!"],
  ["[$input.path('$.missing')]", "[]"],
  ["[$input.path('$.n')]", "[]"],
  ["$input.json('$.a')", '{"b":[1,"two"]}'],
  ["$input.json('$.a.b[1]')", '"two"'],
  ["$input.json('$.missing')", '""'],
  ["$input.json('$')", JSON.stringify(JSON.parse(scope.body))],
  ["$context.connectionId.", "abc=."],
  ["${context.authorizer.principalId}x", "annx"],
  ["$context.connectedAt", "5"],
  ["$context.missing", ""],
  ["$stageVariables.k", "v"],
  ["$!input.path('$.text')", 'it\'s "4/5" ä\n'],
  ["$util.escapeJavaScript($input.path('$.text'))", 'it\\\'s \\"4\\/5\\" \\u00E4\\n'],
  ["$util.escapeJavaScript( $context.connectionId )", "abc="],
  ["$util.urlEncode($context.connectionId)", "abc%3D"],
  ["$util.base64Encode($stageVariables.k)", "dg=="],
])("%s", (template, rendered) => {
  expect(compileMappingTemplate(template, "here")(scope)).toBe(rendered);
});

test("printing an object is an error", () => {
  const render = compileMappingTemplate("$input.path('$.a')", "here");
  expect(() => render(scope)).toThrow("use $input.json instead");
});
