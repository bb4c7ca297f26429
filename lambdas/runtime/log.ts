/** One entry for CloudWatch. Never a token, a session or what was pushed: only what `fields` names. */
export function logError(what: string, error: unknown, fields: Record<string, string> = {}): void {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  // An object: Lambda's JSON log format would hide a text inside another text, where no filter finds its fields.
  console.error({ level: "error", what, ...fields, error: { name, message, stack } });
}
