import { hash } from "node:crypto";
import { algorithm, type Credentials, dateOf, escaped, hmac, scopeOf, signingKey } from "../sigv4/signature-v4.ts";

export interface Signing {
  credentials: Credentials;
  region: string;
  nowMs: number;
}

const service = "s3";
/** S3 expects this word in place of the hash of a body that is not signed. */
const unsigned = "UNSIGNED-PAYLOAD";

/**
 * A presigned URL (AWS: "Authenticating Requests: Using Query Parameters"). Its holder may `GET` the object until the URL or
 * the credentials expire.
 *
 * @param address without a query; its path is escaped already
 */
export function presignGet(address: URL, expiresInSeconds: number, signing: Signing): string {
  const { accessKeyId, sessionToken } = signing.credentials;
  const parameters: [string, string | undefined][] = [
    ["X-Amz-Algorithm", algorithm],
    ["X-Amz-Credential", `${accessKeyId}/${scope(signing)}`],
    ["X-Amz-Date", dateOf(signing.nowMs).date],
    ["X-Amz-Expires", String(expiresInSeconds)],
    ["X-Amz-Security-Token", sessionToken],
    ["X-Amz-SignedHeaders", "host"],
  ];
  const query = parameters
    .flatMap(([name, value]) => (value === undefined ? [] : `${name}=${escaped(value)}`))
    .join("&");
  const request = ["GET", address.pathname, query, `host:${address.host}`, "", "host", unsigned].join("\n");
  return `${address.href}?${query}&X-Amz-Signature=${signatureOf(request, signing)}`;
}

/**
 * The headers of a signed `PUT`. S3 compares the body with `sha256`, so it refuses a damaged body.
 *
 * @param headers names in lower case; they are signed too
 * @param sha256 of the body, in hexadecimal digits
 * @returns all headers except `host`, which the HTTP client adds
 */
export function signPut(
  address: URL,
  headers: Readonly<Record<string, string>>,
  sha256: string,
  signing: Signing,
): Record<string, string> {
  const { accessKeyId, sessionToken } = signing.credentials;
  const sent: Record<string, string> = {
    ...headers,
    "x-amz-content-sha256": sha256,
    "x-amz-date": dateOf(signing.nowMs).date,
    ...(sessionToken !== undefined && { "x-amz-security-token": sessionToken }),
  };
  const signed = Object.entries({ ...sent, host: address.host }).sort(([a], [b]) => (a < b ? -1 : 1));
  const names = signed.map(([name]) => name).join(";");
  const lines = signed.map(([name, value]) => `${name}:${value}`);
  const request = ["PUT", address.pathname, "", ...lines, "", names, sha256].join("\n");
  const credential = `${accessKeyId}/${scope(signing)}`;
  const signature = signatureOf(request, signing);
  const authorization = `${algorithm} Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`;
  return { ...sent, authorization };
}

function signatureOf(canonicalRequest: string, signing: Signing): string {
  const text = [algorithm, dateOf(signing.nowMs).date, scope(signing), hash("sha256", canonicalRequest)].join("\n");
  return hmac(keyOf(signing), text).toString("hex");
}

/** The latest signing key. It is valid for a day, and takes four hashes. */
let cached: { of: string; key: Buffer } | undefined;

function keyOf(signing: Signing): Buffer {
  const { credentials, region, nowMs } = signing;
  const of = `${credentials.secretAccessKey} ${scope(signing)}`;
  if (cached?.of !== of)
    cached = { of, key: signingKey(credentials.secretAccessKey, dateOf(nowMs).day, region, service) };
  return cached.key;
}

const scope = ({ nowMs, region }: Signing) => scopeOf(dateOf(nowMs).day, region, service);
