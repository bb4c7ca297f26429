import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Principal } from "../../iam/iam.ts";
import { Sha256 } from "../../sigv4/sha256.ts";
import { parseAmzDate, parseAuthorization } from "../../sigv4/signature.ts";
import type { IamPort } from "./ports.ts";
import type { Answer } from "./response.ts";

export type Caller = { ok: true; principal: Principal } | { ok: false; answer: Answer };

const maxAgeMs = 5 * 60_000;

/**
 * Finds out who signed a request (Signature Version 4 in the `Authorization` header). Its age is taken from the
 * machine's clock, not from the gateway's, which a test may move: the SDK signs by the machine's, too.
 */
export async function authenticateCaller(
  request: IncomingMessage,
  body: Buffer,
  { iam, region }: { iam: IamPort; region: string },
): Promise<Caller> {
  const { authorization } = request.headers;
  if (authorization === undefined)
    return refused("MissingAuthenticationTokenException", "Missing Authentication Token");
  const stated = parseAuthorization(authorization);
  if (!stated) {
    return refused("IncompleteSignatureException", "the Authorization header is not that of a signed request");
  }
  if (stated.region !== region || stated.service !== "execute-api") {
    const msg = `Credential should be scoped to a valid region and service: ${region}/execute-api, not ${stated.region}/${stated.service}.`;
    return refused("InvalidSignatureException", msg);
  }
  const principal = iam.principalOfKey(stated.accessKeyId);
  const token = request.headers["x-amz-security-token"];
  if (!principal || token !== principal.sessionToken) {
    return refused("UnrecognizedClientException", "The security token included in the request is invalid.");
  }
  if (!(Math.abs(Date.now() - signingDate(request).getTime()) <= maxAgeMs)) {
    return refused("InvalidSignatureException", `Signature expired: it was made at ${request.headers["x-amz-date"]}`);
  }
  const expected = await sign(request, body, { principal, region, signedHeaders: stated.signedHeaders });
  if (expected !== undefined && timingSafeEqual(Buffer.from(expected), Buffer.from(stated.signature))) {
    return { ok: true, principal };
  }
  return refused(
    "InvalidSignatureException",
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
  );
}

interface Signer {
  principal: Principal;
  region: string;
  signedHeaders: string[];
}

/** @returns the signature that the request should carry; `undefined` if it lacks what must be signed */
async function sign(
  request: IncomingMessage,
  body: Buffer,
  { principal, region, signedHeaders }: Signer,
): Promise<string | undefined> {
  if (!signedHeaders.includes("host") || !signedHeaders.includes("x-amz-date")) return undefined;
  const bodyHash = createHash("sha256").update(body).digest("hex");
  const statedHash = request.headers["x-amz-content-sha256"];
  if (statedHash !== undefined && statedHash !== bodyHash) return undefined;

  const headers = Object.fromEntries(signedHeaders.map((name) => [name, String(request.headers[name] ?? "")]));
  const { pathname: path, searchParams } = new URL(request.url ?? "/", "http://localhost");
  const query: Record<string, string[]> = {};
  for (const [name, value] of searchParams) query[name] = [...(query[name] ?? []), value];
  const signer = new SignatureV4({
    service: "execute-api",
    region,
    credentials: { accessKeyId: principal.accessKeyId, secretAccessKey: principal.secretAccessKey },
    sha256: Sha256,
    applyChecksum: false,
  });
  const signed = await signer.sign(
    { method: request.method ?? "GET", protocol: "http:", hostname: "localhost", path, query, headers, body },
    {
      signingDate: signingDate(request),
      signableHeaders: new Set(signedHeaders),
    },
  );
  return /Signature=([0-9a-f]{64})/.exec(signed.headers.authorization ?? "")?.[1];
}

const signingDate = ({ headers }: IncomingMessage) => parseAmzDate(String(headers["x-amz-date"]));

const refused = (errorType: string, message: string): Caller => ({
  ok: false,
  answer: { status: 403, errorType, body: JSON.stringify({ message }) },
});
