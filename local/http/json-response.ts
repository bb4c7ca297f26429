/** A response in AWS' JSON protocol. */
export interface JsonResponse {
  status: number;
  /** JSON text. */
  body: string;
  headers?: Readonly<Record<string, string>>;
}

/** @param body any JSON value */
export const json = (status: number, body: unknown, headers?: Readonly<Record<string, string>>): JsonResponse => ({
  status,
  body: JSON.stringify(body),
  ...(headers && { headers }),
});

/**
 * The parsed body of a successful response.
 *
 * @param action what failed, for the error text
 * @throws with the body of the response, if its status is not 200
 */
export function outputOf({ status, body }: JsonResponse, action: string): Record<string, unknown> {
  if (status !== 200) throw new Error(`${action}: ${body}`);
  return JSON.parse(body || "{}");
}
