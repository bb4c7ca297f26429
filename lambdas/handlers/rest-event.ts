/** An AWS_PROXY event of a REST API, as far as we read it. */
export interface RestEvent {
  httpMethod: string;
  headers: Record<string, string> | null;
  pathParameters: Record<string, string> | null;
  queryStringParameters: Record<string, string> | null;
  body: string | null;
  isBase64Encoded: boolean;
  requestContext: {
    /** When the request came in, in milliseconds since 1970. */
    requestTimeEpoch: number;
  };
}

export interface RestResult {
  statusCode: number;
  headers: Record<string, string>;
  body: string;
}

/** @param value a text is JSON already */
export const json = (statusCode: number, value: unknown, headers: Record<string, string> = {}): RestResult => ({
  statusCode,
  headers: { "Content-Type": "application/json", ...headers },
  body: typeof value === "string" ? value : JSON.stringify(value),
});
