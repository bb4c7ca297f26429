import type { PropertyReader } from "../../template/property-reader.ts";
import { compileMappingTemplate, type MappingTemplate } from "../integration/mapping-template.ts";

/**
 * Reads mapping templates by content type.
 *
 * @returns `undefined` if there are none
 * @throws if there is one for a content type other than `application/json`
 */
export function readJsonTemplate(reader: PropertyReader, name: string, location: string): MappingTemplate | undefined {
  const templates = Object.entries(reader.stringMap(name));
  const other = templates.find(([contentType]) => contentType !== "application/json");
  if (other) throw new Error(`${location}: ${name} should be for application/json only, got ${other[0]}`);
  return templates[0] && compileMappingTemplate(templates[0][1], `${location}.${name}`);
}

/**
 * Reads header mappings such as `"method.response.header.X": "'literal'"`.
 *
 * @returns values by lower-case header names
 * @throws if a mapping is not a literal
 */
export function readHeaders(
  parameters: Record<string, string>,
  prefix: string,
  location: string,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parameters).map(([target, source]) => {
      const literal = /^'(.*)'$/s.exec(source)?.[1];
      if (target.startsWith(prefix) && literal !== undefined)
        return [target.slice(prefix.length).toLowerCase(), literal];
      throw new Error(`${location}: header mappings should be ${prefix}{name}: "'literal'", got ${target}: ${source}`);
    }),
  );
}
