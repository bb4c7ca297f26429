/** One line of JSON for CloudWatch. Never a token, a session or what was pushed: only what `fields` names. */
export function logError(what: string, error: unknown, fields: Record<string, string> = {}): void {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  console.error(JSON.stringify({ level: "error", what, ...fields, error: { name, message, stack } }));
}
