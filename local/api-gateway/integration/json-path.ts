const stepPattern = /\.([A-Za-z_][\w-]*)|\[(\d+)\]|\['([^']+)'\]/y;

/**
 * Compiles a JSON path of member and index steps: `$.a.b[0]`, `$['a']`, `$`.
 *
 * @returns reads the path from a value; `undefined` where there is nothing
 * @throws if the path uses anything else (filters, wildcards, slices)
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
  return (root) => steps.reduce(memberOf, root);
}

const unsupported = (path: string, at: number) =>
  new Error(`JSON path ${path} is not understood from character ${at}; allowed are $, .name, ['name'] and [0]`);

// Own members only: "constructor" in a message must not find what every object inherits.
function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}

/** `undefined` for what is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
