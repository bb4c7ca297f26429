const stepPattern = /\.([A-Za-z_][\w-]*)|\[(\d+)\]|\['([^']+)'\]/y;

/**
 * Compiles a JSON path of member and index steps: `$.a.b[0]`, `$['a']`, `$`.
 *
 * @returns a function that reads the path from a value; `undefined` if the value has no such member
 * @throws if the path uses a filter, wildcard, slice or other step
 */
export function compileJsonPath(path: string): (root: unknown) => unknown {
  const steps: string[] = [];
  stepPattern.lastIndex = 1;
  while (path.startsWith("$") && stepPattern.lastIndex < path.length) {
    const at = stepPattern.lastIndex;
    const step = stepPattern.exec(path);
    if (!step) throw unsupported(path, at);
    steps.push(step[1] ?? step[2] ?? step[3] ?? "");
  }
  if (!path.startsWith("$")) throw unsupported(path, 0);
  return (root) => steps.reduce(ownMember, root);
}

const unsupported = (path: string, at: number) =>
  new Error(`JSON path ${path} is not supported from character ${at} on; allowed are $, .name, ['name'] and [0]`);

// Own members only: the action "constructor" must not find what every object inherits.
function ownMember(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}

/** @returns `undefined` if the text is not JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
