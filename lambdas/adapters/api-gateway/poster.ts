import { hash } from "node:crypto";
import type { PostOutcome } from "../../domain/model/gateway.ts";
import type { SendResult } from "../http1/connection.ts";
import type { ConnectionPool } from "../http1/connection-pool.ts";
import type { Credentials } from "../sigv4/signature-v4.ts";
import { rememberLatest } from "./remember-latest.ts";
import { makeSigner, type Signer, type Target } from "./sign.ts";

export interface PosterOptions {
  target: Target;
  pool: Pick<ConnectionPool, "send">;
  /** Read again every second, because AWS may replace them while the function runs. */
  credentials(): Credentials;
  /** The invocation's `X-Amzn-Trace-Id`. Lambda's recursion detection and X-Ray follow it. */
  trace(): string | undefined;
  now(): number;
}

/** Payloads whose hash is kept. All posts of a message have the same text, and few messages are posted at a time. */
const rememberedTexts = 8;

/**
 * @returns a function that makes one attempt to post. The status decides about the outcome: 200 `sent`, 410 `gone`,
 * 413 `tooLarge`, 429 `slow`, 5xx `failed`. It throws on any other status, such as 400 or 403, which is our own mistake.
 */
export function makePoster({ target, pool, credentials, trace, now }: PosterOptions) {
  const payloadOf = rememberLatest(rememberedTexts, payload);
  let current: { second: number; write: RequestWriter } | undefined;

  // Credentials are read once a second, not for each post: replaced ones stay valid for longer.
  const writer = (): RequestWriter => {
    const second = Math.floor(now() / 1000);
    if (current?.second !== second)
      current = { second, write: writerOf(makeSigner(target, credentials(), second * 1000)) };
    return current.write;
  };

  return async (connectionId: string, text: string): Promise<PostOutcome> => {
    // Signed when a connection is available, so that the signature of a waiting post is not too old.
    const result = await pool.send(() => writer()(connectionId, payloadOf(text), trace()));
    return outcomeOf(result);
  };
}

interface Payload {
  text: string;
  hash: string;
  bytes: number;
}
const payload = (text: string): Payload => ({
  text,
  hash: hash("sha256", text, "hex"),
  bytes: Buffer.byteLength(text),
});

type RequestWriter = (connectionId: string, payload: Payload, trace: string | undefined) => string;

function writerOf(signer: Signer): RequestWriter {
  const fixed = signer.headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const afterPath = ` HTTP/1.1\r\n${fixed}authorization: `;
  return (connectionId, { text, hash, bytes }, trace) => {
    const traceHeader = trace === undefined ? "" : `x-amzn-trace-id: ${trace}\r\n`;
    const authorization = signer.authorization(connectionId, hash);
    return `POST ${signer.pathOf(connectionId)}${afterPath}${authorization}\r\n${traceHeader}content-length: ${bytes}\r\n\r\n${text}`;
  };
}

function outcomeOf(result: SendResult): PostOutcome {
  if (result === "unsent") return "failed";
  if (result === "unanswered") return "unknown";
  const { status, body } = result;
  if (status === 200) return "sent";
  if (status === 410) return "gone";
  if (status === 413) return "tooLarge";
  if (status === 429) return "slow";
  if (status >= 500) return "failed";
  throw new Error(`API Gateway responded to a post with ${status}: ${body}`);
}
