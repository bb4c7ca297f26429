import { createHmac, hash } from "node:crypto";

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  /** Of a role's session. */
  sessionToken?: string | undefined;
}
export interface Signing {
  credentials: Credentials;
  region: string;
  nowMs: number;
}

const algorithm = "AWS4-HMAC-SHA256";
// A presigned GET has no body; S3 wants this word in place of its hash.
const unsigned = "UNSIGNED-PAYLOAD";

/**
 * Signature Version 4 for S3, in the query: whoever has the address may `GET` it, until its time is over or that of the
 * credentials.
 *
 * @param address without a query, its path escaped already
 */
export function presignGet(address: URL, expiresInSeconds: number, signing: Signing): string {
  const { accessKeyId, sessionToken } = signing.credentials;
  const parameters: [string, string | undefined][] = [
    ["X-Amz-Algorithm", algorithm],
    ["X-Amz-Credential", `${accessKeyId}/${scopeOf(signing)}`],
    ["X-Amz-Date", longDate(signing)],
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
 * The same in headers, for a `PUT`. S3 compares the body with `sha256`, so what arrives broken is refused.
 *
 * @param headers in lower case, signed as well
 * @param sha256 of the body, in hexadecimal digits
 * @returns all headers but `host`, which whoever sends adds
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
    "x-amz-date": longDate(signing),
    ...(sessionToken !== undefined && { "x-amz-security-token": sessionToken }),
  };
  const signed = Object.entries({ ...sent, host: address.host }).sort(([a], [b]) => (a < b ? -1 : 1));
  const names = signed.map(([name]) => name).join(";");
  const lines = signed.map(([name, value]) => `${name}:${value}`);
  const request = ["PUT", address.pathname, "", ...lines, "", names, sha256].join("\n");
  const credential = `${accessKeyId}/${scopeOf(signing)}`;
  const signature = signatureOf(request, signing);
  const authorization = `${algorithm} Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`;
  return { ...sent, authorization };
}

function signatureOf(canonicalRequest: string, signing: Signing): string {
  const text = [algorithm, longDate(signing), scopeOf(signing), hash("sha256", canonicalRequest)].join("\n");
  return hmac(keyOf(signing), text).toString("hex");
}

/** The key of the day: four hashes that a thousand frames need not make anew. */
let kept: { of: string; key: Buffer } | undefined;

function keyOf(signing: Signing): Buffer {
  const { credentials, region } = signing;
  const of = `${credentials.secretAccessKey} ${scopeOf(signing)}`;
  if (kept?.of === of) return kept.key;
  const key = [shortDate(signing), region, "s3", "aws4_request"].reduce<string | Buffer>(
    hmac,
    `AWS4${credentials.secretAccessKey}`,
  );
  kept = { of, key: Buffer.from(key) };
  return kept.key;
}

const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

const scopeOf = (signing: Signing) => `${shortDate(signing)}/${signing.region}/s3/aws4_request`;
const longDate = ({ nowMs }: Signing) => new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, "");
const shortDate = (signing: Signing) => longDate(signing).slice(0, 8);

// RFC 3986: four characters more than encodeURIComponent escapes.
const escaped = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
