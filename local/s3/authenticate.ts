import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Iam, Principal } from "../iam/iam.ts";
import { type ParsedSignature, parseAmzDate, parseAuthorization } from "../sigv4/authorization-header.ts";
import type { Credentials } from "../sigv4/credentials.ts";
import { Sha256 } from "../sigv4/sha256.ts";
import { errorResponse, type S3Response } from "./response.ts";

export type Authentication = { ok: true; principal: Principal } | { ok: false; response: S3Response };
export interface AuthenticationOptions {
  iam: Pick<Iam, "principalOfKey">;
  region: string;
}

/** The signature that a request carries, in its headers or in the query of a presigned URL. */
interface RequestSignature extends ParsedSignature {
  date: Date;
  sessionToken: string | undefined;
  /** Only for a presigned URL. */
  expiresInSeconds?: number;
}

/** S3's limit for the difference between the clocks of client and server. */
const maxSkewMs = 15 * 60_000;
/** S3's limit for `X-Amz-Expires`: seven days. */
const maxExpirySeconds = 604_800;
const credentialPattern = /^([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request$/;

/**
 * Verifies the Signature Version 4 of a request to S3. The age of the signature is measured with the machine's clock,
 * because functions sign with it.
 *
 * @returns the signing role, or S3's error response
 */
export async function authenticate(
  request: IncomingMessage,
  body: Buffer,
  { iam, region }: AuthenticationOptions,
): Promise<Authentication> {
  const url = new URL(request.url ?? "/", "http://localhost");
  const signature = url.searchParams.has("X-Amz-Signature") ? readQuery(url) : readHeaders(request, body);
  if ("status" in signature) return { ok: false, response: signature };
  const principal = iam.principalOfKey(signature.accessKeyId);
  if (!principal) {
    const message = "The AWS Access Key Id you provided does not exist in our records.";
    return rejected(403, "InvalidAccessKeyId", message);
  }
  if (signature.sessionToken !== principal.sessionToken) {
    return rejected(400, "InvalidToken", "The provided token is malformed or otherwise invalid.");
  }
  if (signature.region !== region || signature.service !== "s3") {
    const message = `The credential should be scoped to ${region}/s3, not ${signature.region}/${signature.service}.`;
    return rejected(400, "AuthorizationHeaderMalformed", message);
  }
  const ageError = checkAge(signature, Date.now());
  if (ageError) return { ok: false, response: ageError };
  if ((await expectedSignature(request, url, signature, principal)) === signature.signature) {
    return { ok: true, principal };
  }
  const message =
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
  return rejected(403, "SignatureDoesNotMatch", message);
}

/** Reads the signature of a presigned URL. */
function readQuery({ searchParams }: URL): RequestSignature | S3Response {
  const parameter = (name: string) => searchParams.get(`X-Amz-${name}`) ?? "";
  const [, accessKeyId = "", day = "", region = "", service = ""] =
    credentialPattern.exec(parameter("Credential")) ?? [];
  const date = parseAmzDate(parameter("Date"));
  const expiresInSeconds = Number(parameter("Expires"));
  const isExpiryValid =
    Number.isInteger(expiresInSeconds) && expiresInSeconds > 0 && expiresInSeconds <= maxExpirySeconds;
  const signedHeaders = parameter("SignedHeaders").split(";");
  const isSignatureValid = /^[0-9a-f]{64}$/.test(parameter("Signature")) && signedHeaders.includes("host");
  const isAlgorithmValid = parameter("Algorithm") === "AWS4-HMAC-SHA256";
  if (!isAlgorithmValid || accessKeyId === "" || !isExpiryValid || !isSignatureValid || !isDay(day, date)) {
    const message =
      "Query-string authentication needs X-Amz-Algorithm, -Credential, -Signature, -Date, -SignedHeaders and -Expires";
    return errorResponse(400, "AuthorizationQueryParametersError", message);
  }
  const signature = parameter("Signature");
  const sessionToken = searchParams.get("X-Amz-Security-Token") ?? undefined;
  return { accessKeyId, day, region, service, date, signedHeaders, signature, sessionToken, expiresInSeconds };
}

/** Reads the signature of the header `Authorization`, and checks the hash of the body. */
function readHeaders({ headers }: IncomingMessage, body: Buffer): RequestSignature | S3Response {
  if (headers.authorization === undefined) return errorResponse(403, "AccessDenied", "Access Denied");
  const parsed = parseAuthorization(headers.authorization);
  const date = parseAmzDate(String(headers["x-amz-date"]));
  if (!parsed || !isDay(parsed.day, date)) {
    return errorResponse(400, "AuthorizationHeaderMalformed", "The authorization header is malformed.");
  }
  const required = ["host", "x-amz-content-sha256", "x-amz-date"];
  const unsigned = required.find((name) => !parsed.signedHeaders.includes(name));
  if (unsigned !== undefined) {
    const message = `There were headers present in the request which were not signed: ${unsigned}`;
    return errorResponse(403, "AccessDenied", message);
  }
  if (headers["x-amz-content-sha256"] !== createHash("sha256").update(body).digest("hex")) {
    const message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
    return errorResponse(400, "XAmzContentSHA256Mismatch", message);
  }
  return { ...parsed, date, sessionToken: headers["x-amz-security-token"]?.toString() };
}

/** @returns S3's error response, or `undefined` if the signature is valid now */
function checkAge({ date, expiresInSeconds }: RequestSignature, nowMs: number): S3Response | undefined {
  const ageMs = nowMs - date.getTime();
  if (expiresInSeconds === undefined) {
    const message = "The difference between the request time and the current time is too large.";
    return Math.abs(ageMs) > maxSkewMs ? errorResponse(403, "RequestTimeTooSkewed", message) : undefined;
  }
  if (ageMs > expiresInSeconds * 1000) return errorResponse(403, "AccessDenied", "Request has expired");
  return ageMs < -maxSkewMs ? errorResponse(403, "AccessDenied", "Request is not yet valid") : undefined;
}

/**
 * The signature that AWS' own signer computes. The functions sign with another implementation, so each checks the
 * other.
 */
async function expectedSignature(
  { method = "GET", headers }: IncomingMessage,
  { pathname, searchParams }: URL,
  { region, date, signedHeaders, expiresInSeconds }: RequestSignature,
  { accessKeyId, secretAccessKey, sessionToken }: Credentials,
): Promise<string> {
  const credentials = { accessKeyId, secretAccessKey, sessionToken };
  const signer = new SignatureV4({ service: "s3", region, credentials, sha256: Sha256, uriEscapePath: false });
  const request = {
    ...{ method, protocol: "http:", hostname: "localhost", path: pathname },
    query: Object.fromEntries([...searchParams].filter(([name]) => !isSignatureParameter(name))),
    headers: Object.fromEntries(signedHeaders.map((name) => [name, String(headers[name] ?? "")])),
  };
  const signableHeaders = new Set(signedHeaders);
  if (expiresInSeconds === undefined) {
    const signed = await signer.sign(request, { signingDate: date, signableHeaders });
    return /Signature=([0-9a-f]{64})/.exec(signed.headers.authorization ?? "")?.[1] ?? "";
  }
  // A presigned GET has no body, so its client need not send the hash.
  const bodyHash = "x-amz-content-sha256";
  const unsignable = new Set(signedHeaders.includes(bodyHash) ? [] : [bodyHash]);
  const { query = {} } = await signer.presign(
    { ...request, headers: { [bodyHash]: "UNSIGNED-PAYLOAD", ...request.headers } },
    { signingDate: date, expiresIn: expiresInSeconds, unsignableHeaders: unsignable, unhoistableHeaders: unsignable },
  );
  return String(query["X-Amz-Signature"]);
}

const isSignatureParameter = (name: string) =>
  /^X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders|Signature|Security-Token)$/.test(name);

const isDay = (day: string, date: Date) =>
  !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10).replaceAll("-", "") === day;

const rejected = (status: number, code: string, message: string): Authentication => ({
  ok: false,
  response: errorResponse(status, code, message),
});
