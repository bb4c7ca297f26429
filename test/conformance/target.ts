/** A running Downlink stack. */
export interface Target {
  webSocketUrl: string;
  /** URL of the REST API's stage; pushes go to `{restUrl}/push`. */
  restUrl: string;
  apiKey: string;
  tokenSecret: string;
  /** All rows of all tables; absent if the tests cannot read the tables. */
  rows?: () => Promise<unknown>;
}
export type RunningTarget = Target & { close(): Promise<void> };

export interface PushAnswer {
  status: number;
  contentType: string | null;
  // biome-ignore lint/suspicious/noExplicitAny: tests read responses member by member, and a wrong member fails the test
  answer: any;
}

interface Request {
  method?: string;
  path?: string;
  /** `undefined` sends no key. @default the target's key */
  apiKey?: string | undefined;
}

/**
 * Sends a request to the REST API, as a service does.
 *
 * @param body a string is sent unchanged, other values as JSON
 */
export async function push(target: Target, body: unknown, request: Request = {}): Promise<PushAnswer> {
  const { method = "POST", path = "/push" } = request;
  const apiKey = "apiKey" in request ? request.apiKey : target.apiKey;
  const response = await fetch(`${target.restUrl}${path}`, {
    method,
    headers: { "content-type": "application/json", ...(apiKey === undefined ? {} : { "x-api-key": apiKey }) },
    ...(method === "GET" ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const contentType = response.headers.get("content-type");
  return { status: response.status, contentType, answer: await response.json() };
}

/** Pushes. @returns the message id @throws Error if the push is not accepted */
export async function pushOk(target: Target, body: unknown): Promise<string> {
  const { status, answer } = await push(target, body);
  if (status !== 200) throw new Error(`the push was answered ${status}: ${JSON.stringify(answer)}`);
  return answer.messageId ?? answer.ROOT.BODY.MESSAGE_ID;
}
