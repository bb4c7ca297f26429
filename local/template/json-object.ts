/** Whether a JSON value is an object (and not a list or `null`). */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The member of a JSON value; `undefined` if the value is not an object. */
export const memberOf = (value: unknown, name: string): unknown => (isObject(value) ? value[name] : undefined);
