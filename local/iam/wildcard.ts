// Every call to AWS is checked against the same few patterns.
const compiled = new Map<string, RegExp>();

/** Whether the text matches a pattern in which `*` stands for any characters and `?` for exactly one. */
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

/**
 * Whether an ARN matches a pattern. As in IAM, a wildcard does not reach beyond its own part of
 * `arn:{partition}:{service}:{region}:{account}:{resource}`.
 */
export function matchesArn(pattern: string, arn: string): boolean {
  if (pattern === "*") return true;
  const patterns = partsOf(pattern);
  return partsOf(arn).every((part, index) => matches(patterns[index] ?? "", part));
}

function partsOf(arn: string): string[] {
  const parts = arn.split(":");
  return [...parts.slice(0, 5), parts.slice(5).join(":")];
}
