import type { Method, RestResource } from "./api-spec.ts";

/** The resource and method for a request. */
export interface Match {
  resource: RestResource;
  method: Method;
  /** Decoded. `null` if there are none, as in the event. */
  pathParameters: Record<string, string> | null;
}

/**
 * Finds the method for a path. A literal segment takes precedence over `{name}`, which takes precedence over `{name+}`.
 *
 * @param path not decoded, without the stage
 */
export function matchResource(resources: RestResource[], httpMethod: string, path: string): Match | undefined {
  const segments = path.split("/").slice(1);
  const matches = resources
    .map((resource) => ({ resource, match: matchPath(resource.path.split("/").slice(1), segments) }))
    .filter((each): each is { resource: RestResource; match: PathMatch } => each.match !== undefined)
    .sort((a, b) => (a.match.rank < b.match.rank ? -1 : 1));
  const [best] = matches;
  const method = best?.resource.methods.get(httpMethod) ?? best?.resource.methods.get("ANY");
  if (!best || !method) return undefined;
  const { parameters } = best.match;
  return { resource: best.resource, method, pathParameters: Object.keys(parameters).length > 0 ? parameters : null };
}

interface PathMatch {
  parameters: Record<string, string>;
  /** One digit per segment: 0 literal, 1 `{name}`, 2 `{name+}`. The lowest text is the best match. */
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

/** Text with a malformed escape stays as it is. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
