import { hash } from "node:crypto";
import type { PayloadRef, Payloads } from "../../domain/model/payload.ts";
import type { Credentials } from "../sigv4/signature-v4.ts";
import { presignGet, signPut } from "./sign.ts";

/** Lifetime of a URL. It ends earlier if the role's credentials expire. */
const urlSeconds = 15 * 60;
/** Limit for each attempt. S3 stores 5 MB from within the Region in well under a second. */
const timeoutMs = 5_000;
const maxAttempts = 3;

export interface PayloadsOptions {
  /** `https://{bucket}.s3.{region}.amazonaws.com` */
  bucketUrl: string;
  region: string;
  /** Called for each signature. */
  credentials(): Credentials;
  now(): number;
  wait(ms: number): Promise<void>;
  /** From 0 to below 1. */
  random(): number;
  /** The invocation's `X-Amzn-Trace-Id`, which the SDK would send too. */
  trace(): string | undefined;
}

/**
 * Payloads as objects of an S3 bucket. The key is the SHA-256 of the text, so equal payloads are one object, and each write
 * restarts its lifetime. Without the SDK, whose S3 client is larger than a whole function.
 *
 * Connection errors, 429 and 5xx are retried; the random pause is up to 200 ms, then up to 400 ms. `put` throws S3's error
 * code, never the payload.
 */
export function payloadsIn(options: PayloadsOptions): Payloads {
  const { bucketUrl, region, credentials, now, wait, random, trace } = options;
  const urlFor = ({ sha256 }: Pick<PayloadRef, "sha256">) => new URL(`${bucketUrl}/${sha256}`);
  const signing = () => ({ credentials: credentials(), region, nowMs: now() });

  /** @returns `undefined` if there was no response */
  async function putOnce(url: URL, body: Buffer<ArrayBuffer>, sha256: string): Promise<Response | undefined> {
    const traced = trace();
    const headers = {
      ...signPut(url, { "content-type": "application/json" }, sha256, signing()),
      ...(traced !== undefined && { "x-amzn-trace-id": traced }),
    };
    try {
      return await fetch(url, { method: "PUT", headers, body, signal: AbortSignal.timeout(timeoutMs) });
    } catch {
      return undefined;
    }
  }

  return {
    async put(rawData) {
      const body = Buffer.from(rawData);
      const sha256 = hash("sha256", body);
      const url = urlFor({ sha256 });
      for (let attempt = 1; ; attempt += 1) {
        const response = await putOnce(url, body, sha256);
        // Read to its end, otherwise the connection is not reused. An error body contains a code and no payload.
        const errorXml = await response?.text().catch(() => "");
        if (response?.ok) return { sha256, bytes: body.length };
        const isRetryable = !response || response.status >= 500 || response.status === 429;
        if (isRetryable && attempt < maxAttempts) {
          await wait(random() * 100 * 2 ** attempt);
          continue;
        }
        throw new Error(
          response
            ? `S3 responded to a PUT with ${response.status}: ${codeOf(errorXml)}`
            : "S3 did not respond to a PUT",
        );
      }
    },

    urlOf: (payload) => presignGet(urlFor(payload), urlSeconds, signing()),
  };
}

const codeOf = (xml = "") => /<Code>(\w+)<\/Code>/.exec(xml)?.[1] ?? "no code";
