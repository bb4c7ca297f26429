/** A running Downlink, on whatever it runs. */
export interface Target {
  webSocketUrl: string;
  /** Of the REST API's stage; pushes go to `{restUrl}/push`. */
  restUrl: string;
  apiKey: string;
  tokenSecret: string;
  /** All rows of all tables, where one can look into them. */
  rows?: () => Promise<unknown>;
}
export type RunningTarget = Target & { close(): Promise<void> };

export interface PushAnswer {
  status: number;
  contentType: string | null;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked at member by member, and a wrong one fails the test
  answer: any;
}

interface Request {
  method?: string;
  path?: string;
  /** `undefined` sends none. @default the target's */
  apiKey?: string | undefined;
}

/**
 * Pushes as a service does.
 *
 * @param body sent as it is if it is a string, else as JSON
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

/** The push, which has to be accepted. */
export async function pushOk(target: Target, body: unknown): Promise<string> {
  const { status, answer } = await push(target, body);
  if (status !== 200) throw new Error(`the push was answered ${status}: ${JSON.stringify(answer)}`);
  return answer.messageId ?? answer.ROOT.BODY.MESSAGE_ID;
}
