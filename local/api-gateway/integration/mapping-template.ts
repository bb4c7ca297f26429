import { compileJsonPath, parseJson } from "./json-path.ts";

/** The values that a mapping template can use. */
export interface TemplateScope {
  /** `$input.body`: the text that the template maps. */
  body: string;
  /** `$context` */
  context: Readonly<Record<string, unknown>>;
  /** `$stageVariables` */
  stageVariables: Readonly<Record<string, string>>;
}
/** Renders the template. */
export type MappingTemplate = (scope: TemplateScope) => string;

const reference = String.raw`input\.body|input\.(?:path|json)\(\s*'[^']+'\s*\)|context(?:\.[A-Za-z]\w*)+|stageVariables\.\w+`;
const call = String.raw`util\.\w+\(\s*\$(?:${reference})\s*\)`;
const expressionPattern = new RegExp(String.raw`\$!?(?:\{(${call}|${reference})\}|(${call}|${reference}))`, "g");
const directivePattern =
  /#(?:\*|#|@?\{?(?:set|if|elseif|else|end|foreach|macro|define|parse|include|stop|break|evaluate)\b)/;

const utilities: Record<string, (text: string) => string> = {
  escapeJavaScript,
  urlEncode: encodeURIComponent,
  urlDecode: decodeURIComponent,
  base64Encode: (text) => Buffer.from(text).toString("base64"),
  base64Decode: (text) => Buffer.from(text, "base64").toString(),
};

/**
 * Compiles a mapping template of API Gateway. Supported are plain text and these expressions:
 *
 * - `$input.body`, `$input.path('$.a')`, `$input.json('$.a')`
 * - `$context.a`, `$stageVariables.a`
 * - `$util.escapeJavaScript(…)`, `$util.urlEncode(…)`, `$util.urlDecode(…)`, `$util.base64Encode(…)` and
 *   `$util.base64Decode(…)` of one of the above
 *
 * @throws if the template uses any other part of the Velocity language, which would be rendered wrongly
 */
export function compileMappingTemplate(template: string, location: string): MappingTemplate {
  const unsupported: Unsupported = (syntax) =>
    new Error(
      `${location}: the template uses ${syntax}, which the local gateway does not support; mapping-template.ts lists the supported syntax`,
    );
  const directive = directivePattern.exec(template);
  if (directive) throw unsupported(directive[0]);
  const parts: MappingTemplate[] = [];
  let end = 0;
  const addText = (text: string) => {
    const unknown = /\$!?\{?[A-Za-z][\w.]*/.exec(text);
    if (unknown) throw unsupported(unknown[0]);
    parts.push(() => text);
  };
  for (const match of template.matchAll(expressionPattern)) {
    addText(template.slice(end, match.index));
    parts.push(compileExpression(match[1] ?? match[2] ?? "", unsupported));
    end = match.index + match[0].length;
  }
  addText(template.slice(end));
  return (scope) => parts.map((part) => part(scope)).join("");
}

type Unsupported = (syntax: string) => Error;

function compileExpression(expression: string, unsupported: Unsupported): MappingTemplate {
  const [, utility, argument] = /^util\.(\w+)\(\s*\$(.*?)\s*\)$/s.exec(expression) ?? [];
  if (utility !== undefined && argument !== undefined) {
    const apply = Object.hasOwn(utilities, utility) ? utilities[utility] : undefined;
    if (!apply) throw unsupported(`$util.${utility}`);
    const inner = compileExpression(argument, unsupported);
    return (scope) => apply(inner(scope));
  }
  if (expression === "input.body") return ({ body }) => body;
  const [, kind, path] = /^input\.(path|json)\(\s*'([^']+)'\s*\)$/.exec(expression) ?? [];
  if (kind !== undefined && path !== undefined) {
    const read = compileJsonPath(path);
    const print = kind === "json" ? (value: unknown) => JSON.stringify(value ?? "") : printScalar;
    return ({ body }) => print(read(parseJson(body)));
  }
  const read = compileJsonPath(`$${expression.slice(expression.indexOf("."))}`);
  return expression.startsWith("context.")
    ? ({ context }) => printScalar(read(context))
    : ({ stageVariables }) => printScalar(read(stageVariables));
}

function printScalar(value: unknown): string {
  if (value === undefined || value === null) return "";
  // Velocity prints an object in the format of Java's `toString`, which is not JSON.
  if (typeof value === "object") throw new Error("a template prints an object; use $input.json instead of $input.path");
  return String(value);
}

const escapes: Record<string, string> = { "\b": "\\b", "\n": "\\n", "\t": "\\t", "\f": "\\f", "\r": "\\r" };

/** Like `StringEscapeUtils.escapeEcmaScript` of Java, which also escapes `'` and `/`. */
function escapeJavaScript(text: string): string {
  return text.replace(/[\s\S]/g, (char) => {
    if (`'"\\/`.includes(char)) return `\\${char}`;
    const code = char.charCodeAt(0);
    if (code >= 32 && code < 127) return char;
    return escapes[char] ?? `\\u${code.toString(16).toUpperCase().padStart(4, "0")}`;
  });
}
