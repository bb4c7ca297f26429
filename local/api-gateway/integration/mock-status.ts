/**
 * The status code in the rendered request template of a MOCK integration: `{"statusCode": 200}`. API Gateway also
 * accepts the key without quotes.
 *
 * @throws if there is none
 */
export function mockStatus(rendered: string): number {
  const status = /^\s*\{[\s\S]*?["']?statusCode["']?\s*:\s*"?(\d{3})\b/.exec(rendered)?.[1];
  if (status === undefined) throw new Error("its request template should render a statusCode, got none");
  return Number(status);
}
