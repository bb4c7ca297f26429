// Every call to AWS asks for the same few patterns.
const compiled = new Map<string, RegExp>();

/** Whether `text` is what the pattern says: `*` stands for any characters, `?` for one. */
export function matches(pattern: string, text: string): boolean {
  const known = compiled.get(pattern) ?? compile(pattern);
  compiled.set(pattern, known);
  return known.test(text);
}

function compile(pattern: string): RegExp {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll("?", ".")
    .replaceAll(/\*+/g, ".*");
  return new RegExp(`^${source}$`, "s");
}

/** The same for ARNs, where a wildcard does not reach beyond its own part: `arn:…:service:region:account:resource`. */
export function matchesArn(pattern: string, arn: string): boolean {
  if (pattern === "*") return true;
  const wanted = partsOf(pattern);
  return partsOf(arn).every((part, index) => matches(wanted[index] ?? "", part));
}

function partsOf(arn: string): string[] {
  const parts = arn.split(":");
  return [...parts.slice(0, 5), parts.slice(5).join(":")];
}
