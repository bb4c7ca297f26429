import { compileJsonPath, parseJson } from "./json-path.ts";

export interface TemplateScope {
  /** The text that is mapped. */
  body: string;
  context: Readonly<Record<string, unknown>>;
  stageVariables: Readonly<Record<string, string>>;
}
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
 * Compiles a mapping template: text with `$input.body`, `$input.path('$.a')`, `$input.json('$.a')`, `$context.…`,
 * `$stageVariables.…` and `$util.escapeJavaScript(…)`, `urlEncode`, `urlDecode`, `base64Encode`, `base64Decode` of one.
 *
 * @throws if it uses more of the Velocity language than that, so that nothing is rendered wrongly
 */
export function compileMappingTemplate(template: string, location: string): MappingTemplate {
  const refuse = (what: string) =>
    new Error(`${location}: the template uses ${what}, which the local gateway does not support; see mapping-template.ts`);
  const directive = directivePattern.exec(template);
  if (directive) throw refuse(directive[0]);
  const parts: MappingTemplate[] = [];
  let end = 0;
  const addText = (text: string) => {
    const unknown = /\$!?\{?[A-Za-z][\w.]*/.exec(text);
    if (unknown) throw refuse(unknown[0]);
    parts.push(() => text);
  };
  for (const match of template.matchAll(expressionPattern)) {
    addText(template.slice(end, match.index));
    parts.push(compileExpression(match[1] ?? match[2] ?? "", refuse));
    end = match.index + match[0].length;
  }
  addText(template.slice(end));
  return (scope) => parts.map((part) => part(scope)).join("");
}

function compileExpression(expression: string, refuse: (what: string) => Error): MappingTemplate {
  const [, utility, argument] = /^util\.(\w+)\(\s*\$(.*?)\s*\)$/s.exec(expression) ?? [];
  if (utility !== undefined && argument !== undefined) {
    const apply = Object.hasOwn(utilities, utility) ? utilities[utility] : undefined;
    if (!apply) throw refuse(`$util.${utility}`);
    const inner = compileExpression(argument, refuse);
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
  // Velocity prints an object in a form of its own, which is not JSON and which nobody can want.
  if (typeof value === "object") throw new Error("a template prints an object; use $input.json instead of $input.path");
  return String(value);
}

const escapes: Record<string, string> = { "\b": "\\b", "\n": "\\n", "\t": "\\t", "\f": "\\f", "\r": "\\r" };

/** As Java's StringEscapeUtils.escapeEcmaScript, which escapes `'` and `/` as well. */
function escapeJavaScript(text: string): string {
  return text.replace(/[\s\S]/g, (char) => {
    if (`'"\\/`.includes(char)) return `\\${char}`;
    const code = char.charCodeAt(0);
    if (code >= 32 && code < 127) return char;
    return escapes[char] ?? `\\u${code.toString(16).toUpperCase().padStart(4, "0")}`;
  });
}
