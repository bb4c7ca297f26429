/**
 * Writes one entry to CloudWatch Logs.
 *
 * @param operation of the function that failed: `frame`, `push`, `poll`, `ack check` …
 * @param fields must not contain a token, a session or pushed data
 */
export function logError(operation: string, error: unknown, fields: Record<string, string> = {}): void {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  // An object: Lambda's JSON log format would put a string inside a string, where filters cannot find its fields.
  console.error({ level: "error", operation, ...fields, error: { name, message, stack } });
}
