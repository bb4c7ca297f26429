import { hash } from "node:crypto";
import type { PostOutcome } from "../../domain/model/gateway.ts";
import type { Reply } from "../http1/connection.ts";
import type { ConnectionPool } from "../http1/connection-pool.ts";
import type { Credentials } from "../sigv4/signature-v4.ts";
import { rememberLatest } from "./remember-latest.ts";
import { makeSigner, type Signer, type Target } from "./sign.ts";

export interface PosterOptions {
  target: Target;
  pool: Pick<ConnectionPool, "send">;
  /** As they are now: AWS may replace them while the function runs. */
  credentials(): Credentials;
  /** That of the invocation: it says to AWS on whose behalf a call is made. */
  trace(): string | undefined;
  now(): number;
}

/** All posts of a message carry the same text, and of messages few are on their way at once. */
const latestTexts = 8;

/** @returns a function that makes one attempt to post; it throws what is a mistake of ours */
export function makePoster({ target, pool, credentials, trace, now }: PosterOptions) {
  const payloadOf = rememberLatest(latestTexts, payload);
  let current: { second: number; write: RequestWriter } | undefined;

  // Credentials are read with each new second's signer, not with each post: those of before are good for longer.
  const writer = (): RequestWriter => {
    const second = Math.floor(now() / 1000);
    if (current?.second !== second)
      current = { second, write: writerOf(makeSigner(target, credentials(), second * 1000)) };
    return current.write;
  };

  return async (connectionId: string, text: string): Promise<PostOutcome> => {
    // Signed when there is a line for it, so that what had to wait is not too old.
    const reply = await pool.send(() => writer()(connectionId, payloadOf(text), trace()));
    return outcomeOf(reply);
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

function outcomeOf(reply: Reply): PostOutcome {
  if (reply === "unsent") return "failed";
  if (reply === "unanswered") return "unknown";
  const { status, body } = reply;
  if (status === 200) return "sent";
  if (status === 410) return "gone";
  if (status === 413) return "tooLarge";
  if (status === 429) return "slow";
  if (status >= 500) return "failed";
  throw new Error(`API Gateway answered a post with ${status}: ${body}`);
}
