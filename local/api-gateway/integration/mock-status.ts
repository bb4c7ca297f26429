/**
 * The status that the rendered request template of a MOCK names; its key is often written without quotes.
 *
 * @throws if it names none
 */
export function mockStatus(rendered: string): number {
  const status = /^\s*\{[\s\S]*?["']?statusCode["']?\s*:\s*"?(\d{3})\b/.exec(rendered)?.[1];
  if (status === undefined) throw new Error("its request template does not give a statusCode");
  return Number(status);
}
