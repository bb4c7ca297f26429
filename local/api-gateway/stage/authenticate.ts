import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Principal } from "../../iam/iam.ts";
import { type ParsedSignature, parseAmzDate, parseAuthorization } from "../../sigv4/authorization-header.ts";
import { Sha256 } from "../../sigv4/sha256.ts";
import type { IamPort } from "./ports.ts";
import type { HttpResponse } from "./response.ts";

export type Authentication = { ok: true; principal: Principal } | { ok: false; response: HttpResponse };

/** How old or how far in the future a signature may be. */
const maxAgeMs = 5 * 60_000;

/**
 * Verifies the Signature Version 4 in the `Authorization` header. Its age is measured with the machine's clock, because
 * the SDK signs with it; the gateway's clock can be one that a test moves.
 *
 * @returns the signing role, or API Gateway's error response
 */
export async function authenticate(
  request: IncomingMessage,
  body: Buffer,
  { iam, region }: { iam: IamPort; region: string },
): Promise<Authentication> {
  const { authorization } = request.headers;
  if (authorization === undefined) {
    return rejected("MissingAuthenticationTokenException", "Missing Authentication Token");
  }
  const signature = parseAuthorization(authorization);
  if (!signature) {
    return rejected("IncompleteSignatureException", "the Authorization header should be a Signature Version 4");
  }
  if (signature.region !== region || signature.service !== "execute-api") {
    const message = `Credential should be scoped to a valid region and service: ${region}/execute-api, not ${signature.region}/${signature.service}.`;
    return rejected("InvalidSignatureException", message);
  }
  const principal = iam.principalOfKey(signature.accessKeyId);
  if (!principal || request.headers["x-amz-security-token"] !== principal.sessionToken) {
    return rejected("UnrecognizedClientException", "The security token included in the request is invalid.");
  }
  // An invalid date gives NaN, which must be rejected, too.
  const isCurrent = Math.abs(Date.now() - signingDate(request).getTime()) <= maxAgeMs;
  if (!isCurrent) {
    return rejected("InvalidSignatureException", `Signature expired: it was made at ${request.headers["x-amz-date"]}`);
  }
  const expected = await expectedSignature(request, body, { principal, signature });
  if (expected !== undefined && timingSafeEqual(Buffer.from(expected), Buffer.from(signature.signature))) {
    return { ok: true, principal };
  }
  return rejected(
    "InvalidSignatureException",
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
  );
}

/** @returns `undefined` if a required header is not signed, or the stated hash of the body is wrong */
async function expectedSignature(
  request: IncomingMessage,
  body: Buffer,
  { principal, signature: { region, signedHeaders } }: { principal: Principal; signature: ParsedSignature },
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

const rejected = (errorType: string, message: string): Authentication => ({
  ok: false,
  response: { status: 403, errorType, body: JSON.stringify({ message }) },
});
