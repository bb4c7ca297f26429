import { hash } from "node:crypto";
import type { PayloadRef, Payloads } from "../../domain/model/payload.ts";
import type { Credentials } from "../sigv4/signature-v4.ts";
import { presignGet, signPut } from "./sign.ts";

/** How long an address is good; a role's credentials may end before that. */
const urlSeconds = 15 * 60;
/** S3 takes 5 MB within the Region in well under a second. */
const answerWithinMs = 5_000;
const attempts = 3;

export interface PayloadsOptions {
  /** Address of the bucket, `https://{bucket}.s3.{region}.amazonaws.com`. */
  bucketUrl: string;
  region: string;
  /** Asked for each signature. */
  credentials(): Credentials;
  now(): number;
  wait(ms: number): Promise<void>;
  /** From 0 to below 1. */
  random(): number;
  /** What ties the request to the invocation that makes it, as the SDK sends it along. */
  trace(): string | undefined;
}

/**
 * A bucket of S3, where each text lies under its own hash: one that comes twice is there once, and writing it again
 * begins its lifetime anew. By hand, as the SDK's client for S3 alone is larger than a whole function.
 */
export function payloadsIn(options: PayloadsOptions): Payloads {
  const { bucketUrl, region, credentials, now, wait, random, trace } = options;
  const addressOf = ({ sha256 }: Pick<PayloadRef, "sha256">) => new URL(`${bucketUrl}/${sha256}`);
  const signing = () => ({ credentials: credentials(), region, nowMs: now() });

  /** @returns what S3 answered, `undefined` if nothing */
  async function putOnce(address: URL, body: Buffer<ArrayBuffer>, sha256: string): Promise<Response | undefined> {
    const traced = trace();
    const headers = {
      ...signPut(address, { "content-type": "application/json" }, sha256, signing()),
      ...(traced !== undefined && { "x-amzn-trace-id": traced }),
    };
    try {
      return await fetch(address, { method: "PUT", headers, body, signal: AbortSignal.timeout(answerWithinMs) });
    } catch {
      return undefined;
    }
  }

  return {
    async put(rawData) {
      const body = Buffer.from(rawData);
      const sha256 = hash("sha256", body);
      const address = addressOf({ sha256 });
      for (let attempt = 1; ; attempt += 1) {
        const answer = await putOnce(address, body, sha256);
        // Read to its end, or the connection would not be used again. It names what was wrong, and no payload.
        const said = await answer?.text().catch(() => "");
        if (answer?.ok) return { sha256, bytes: body.length };
        const isWorthAnother = !answer || answer.status >= 500 || answer.status === 429;
        if (isWorthAnother && attempt < attempts) {
          await wait(random() * 100 * 2 ** attempt);
          continue;
        }
        throw new Error(answer ? `S3 answered ${answer.status} to a PUT: ${codeOf(said)}` : "S3 did not answer a PUT");
      }
    },

    urlOf: (payload) => presignGet(addressOf(payload), urlSeconds, signing()),
  };
}

const codeOf = (xml = "") => /<Code>(\w+)<\/Code>/.exec(xml)?.[1] ?? "no code";
