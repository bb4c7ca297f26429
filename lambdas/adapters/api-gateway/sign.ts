import { hash } from "node:crypto";
import { algorithm, type Credentials, dateOf, escaped, scopeOf, signingKey } from "../sigv4/signature-v4.ts";

/** Where posts go. */
export interface Target {
  /** With the port, if it is not the scheme's own. */
  host: string;
  /** Of the stage, without a slash at its end: `/socket`. */
  path: string;
  region: string;
}

/** Signs posts of one second and one set of credentials. */
export interface Signer {
  /** @returns the path that such a post goes to */
  pathOf(connectionId: string): string;
  /**
   * @param payloadHash SHA-256 of the body, in hex
   * @returns the value of the header `authorization`
   */
  authorization(connectionId: string, payloadHash: string): string;
  /** What is signed, in the order and with the values in which it is signed. */
  headers: readonly (readonly [name: string, value: string])[];
}

const service = "execute-api";
const contentType = "application/octet-stream";

/**
 * Signature Version 4 for posts to connections. All posts of a second differ only in the connection's id and in the
 * payload's hash, so that everything else is made once: of the signing itself three short hashes remain.
 */
export function makeSigner({ host, path, region }: Target, credentials: Credentials, atMs: number): Signer {
  const { accessKeyId, sessionToken } = credentials;
  const { date, day } = dateOf(atMs);
  const scope = scopeOf(day, region, service);
  const headers: Signer["headers"] = [
    ["content-type", contentType],
    ["host", host],
    ["x-amz-date", date],
    ...(sessionToken ? [["x-amz-security-token", sessionToken] as const] : []),
  ];
  const signedHeaders = headers.map(([name]) => name).join(";");
  const folder = `${path}/@connections/`;
  // What is in the path is escaped, and what is signed is that once more; the slashes stay.
  const canonicalFolder = folder.split("/").map(encodeURIComponent).join("/");
  const beforeId = `POST\n${canonicalFolder}`;
  const afterId = `\n\n${headers.map(([name, value]) => `${name}:${value}\n`).join("")}\n${signedHeaders}\n`;
  const mac = hmacOf(
    signingKey(credentials.secretAccessKey, day, region, service),
    `${algorithm}\n${date}\n${scope}\n`,
  );
  const beforeSignature = `${algorithm} Credential=${accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=`;

  return {
    headers,
    pathOf: (connectionId) => folder + escaped(connectionId),
    authorization(connectionId, payloadHash) {
      const canonicalId = escaped(connectionId).replaceAll("%", "%25");
      return beforeSignature + mac(hash("sha256", beforeId + canonicalId + afterId + payloadHash, "hex"));
    },
  };
}

const blockBytes = 64;
const hashBytes = 32;

/**
 * HMAC-SHA-256 in hex of `prefix` and a hash in hex. Both of its blocks lie ready and only the hash is put in: two
 * one-shot hashes, a third of the time of createHmac.
 */
function hmacOf(key: Buffer, prefix: string): (hexHash: string) => string {
  const block = Buffer.alloc(blockBytes);
  key.copy(block);
  const inner = Buffer.concat([block.map((byte) => byte ^ 0x36), Buffer.from(prefix), Buffer.alloc(2 * hashBytes)]);
  const outer = Buffer.concat([block.map((byte) => byte ^ 0x5c), Buffer.alloc(hashBytes)]);
  const hashAt = inner.length - 2 * hashBytes;
  return (hexHash) => {
    inner.write(hexHash, hashAt, "latin1");
    // As text: a buffer for each would take longer than the hash.
    outer.write(hash("sha256", inner, "binary"), blockBytes, "latin1");
    return hash("sha256", outer, "hex");
  };
}
