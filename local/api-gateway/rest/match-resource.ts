import type { Method, RestResource } from "./api-spec.ts";

export interface Match {
  resource: RestResource;
  method: Method;
  /** `null`, as in the event, if the path has none. */
  pathParameters: Record<string, string> | null;
}

/**
 * Finds the method for a path: literal segments win over `{name}`, which wins over `{name+}`.
 *
 * @param path undecoded, without the stage
 */
export function matchResource(resources: RestResource[], httpMethod: string, path: string): Match | undefined {
  const segments = path.split("/").slice(1);
  const matches = resources
    .map((resource) => ({ resource, found: matchPath(resource.path.split("/").slice(1), segments) }))
    .filter((match): match is { resource: RestResource; found: PathMatch } => match.found !== undefined)
    .sort((a, b) => (a.found.rank < b.found.rank ? -1 : 1));
  const [best] = matches;
  const method = best?.resource.methods.get(httpMethod) ?? best?.resource.methods.get("ANY");
  if (!best || !method) return undefined;
  const { parameters } = best.found;
  return { resource: best.resource, method, pathParameters: Object.keys(parameters).length > 0 ? parameters : null };
}

interface PathMatch {
  parameters: Record<string, string>;
  /** One digit per segment, 0 for a literal one: the lowest text is the closest match. */
  rank: string;
}

function matchPath(pattern: string[], segments: string[]): PathMatch | undefined {
  const parameters: Record<string, string> = {};
  let rank = "";
  for (const [at, part] of pattern.entries()) {
    const segment = segments[at];
    const [, name, isGreedy] = /^\{([^}+]+)(\+?)\}$/.exec(part) ?? [];
    if (name !== undefined && isGreedy && segments.length > at && segments[at] !== "") {
      return { parameters: { ...parameters, [name]: decode(segments.slice(at).join("/")) }, rank: `${rank}2` };
    }
    if (segment === undefined || (name === undefined ? part !== decode(segment) : segment === "")) return undefined;
    if (name !== undefined) parameters[name] = decode(segment);
    rank += name === undefined ? "0" : "1";
  }
  return pattern.length === segments.length ? { parameters, rank } : undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
