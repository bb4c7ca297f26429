/** Whether a value of JSON is an object, and no list. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The member of what may be an object. */
export const memberOf = (value: unknown, name: string): unknown => (isObject(value) ? value[name] : undefined);
