/** An `AWS_PROXY` event of a REST API, with the fields that Downlink reads. */
export interface RestEvent {
  httpMethod: string;
  headers: Record<string, string> | null;
  pathParameters: Record<string, string> | null;
  queryStringParameters: Record<string, string> | null;
  body: string | null;
  isBase64Encoded: boolean;
  requestContext: {
    /** Arrival of the request, in milliseconds since 1970. */
    requestTimeEpoch: number;
  };
}

export interface RestResult {
  statusCode: number;
  headers: Record<string, string>;
  body: string;
}

/**
 * A response with a JSON body.
 *
 * @param value a string is used as it is: it is JSON already
 */
export const json = (statusCode: number, value: unknown, headers: Record<string, string> = {}): RestResult => ({
  statusCode,
  headers: { "Content-Type": "application/json", ...headers },
  body: typeof value === "string" ? value : JSON.stringify(value),
});
