import { compileJsonPath } from "../integration/json-path.ts";

/** The values that a selection expression can use. */
export interface SelectionScope {
  /** The parsed message; `undefined` if it is not JSON. */
  body: unknown;
  /** The status code of the integration's response. */
  statusCode?: number;
}

const variablePattern = /\$\{([^}]+)\}|\$((?:request|integration)\.[\w.[\]-]+)|\\?(\$default)/g;

/**
 * Compiles a selection expression: `$request.body.action`, `${request.body.a}/${request.body.b}`, a constant,
 * `\$default`.
 *
 * @throws if it uses a variable that is not supported
 */
export function compileSelection(expression: string): (scope: SelectionScope) => string {
  const parts: ((scope: SelectionScope) => string)[] = [];
  let end = 0;
  for (const match of expression.matchAll(variablePattern)) {
    const before = expression.slice(end, match.index);
    const [whole, braced, bare, constant] = match;
    parts.push(() => before, constant === undefined ? variable(braced ?? bare ?? "", expression) : () => constant);
    end = match.index + whole.length;
  }
  const rest = expression.slice(end);
  if (rest.includes("$")) throw unsupported(expression);
  return (scope) => parts.map((part) => part(scope)).join("") + rest;
}

function variable(name: string, expression: string): (scope: SelectionScope) => string {
  if (name === "integration.response.statuscode") return ({ statusCode }) => asText(statusCode);
  if (!name.startsWith("request.body")) throw unsupported(expression);
  const read = compileJsonPath(`$${name.slice("request.body".length)}`);
  return ({ body }) => asText(read(body));
}

const unsupported = (expression: string) =>
  new Error(
    `selection expression ${expression} is not supported; allowed are request.body.…, integration.response.statuscode and constants`,
  );

/** Converts a value to text as API Gateway does before it compares: an absent value is the empty string. */
function asText(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (Array.isArray(value)) return `[${value.map(asText).join(", ")}]`;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
