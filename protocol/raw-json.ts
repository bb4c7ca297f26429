/**
 * Extracts the text of one member of a JSON object, exactly as it was sent. `JSON.parse` and `JSON.stringify` would round
 * large integers and reorder keys that look like numbers.
 *
 * @param json valid JSON whose outermost value is an object
 * @param path names of nested members, outermost first
 * @returns the member's text without surrounding space, or `undefined` if there is no such member. As in `JSON.parse`,
 *   the last of several members with the same name counts.
 * @throws Error if the text is not valid JSON up to the member's end
 */
export function rawMember(json: string, path: readonly string[]): string | undefined {
  let text: string | undefined = json.trim();
  for (const name of path) {
    if (text === undefined || !text.startsWith("{")) return undefined;
    text = memberOf(text, name);
  }
  return text;
}

function memberOf(object: string, wanted: string): string | undefined {
  let found: string | undefined;
  let at = skipSpace(object, 1);
  while (object[at] === '"') {
    const keyEnd = endOfValue(object, at);
    const key: unknown = JSON.parse(object.slice(at, keyEnd));
    const start = skipSpace(object, skipSpace(object, keyEnd) + 1);
    const end = endOfValue(object, start);
    if (key === wanted) found = object.slice(start, end);
    const comma = skipSpace(object, end);
    at = skipSpace(object, comma + 1);
  }
  return found;
}

function skipSpace(json: string, at: number): number {
  while (" \t\n\r".includes(json[at] ?? "x")) at += 1;
  return at;
}

const stringPattern = /"[^"\\]*(?:\\.[^"\\]*)*"/y;
const scalarPattern = /[^\s,\]}]+/y;

/** Index right after the value that starts at `start`. */
function endOfValue(json: string, start: number): number {
  const first = json[start];
  if (first !== "{" && first !== "[") return endOfMatch(first === '"' ? stringPattern : scalarPattern, json, start);
  let depth = 0;
  let at = start;
  do {
    const char = json[at];
    if (char === undefined) throw invalid(at);
    if (char === '"') {
      at = endOfMatch(stringPattern, json, at);
      continue;
    }
    if (char === "{" || char === "[") depth += 1;
    if (char === "}" || char === "]") depth -= 1;
    at += 1;
  } while (depth > 0);
  return at;
}

function endOfMatch(pattern: RegExp, json: string, at: number): number {
  pattern.lastIndex = at;
  if (!pattern.test(json)) throw invalid(at);
  return pattern.lastIndex;
}

const invalid = (at: number) => new Error(`the JSON text is not valid at character ${at}`);
