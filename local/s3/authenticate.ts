import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Iam, Principal } from "../iam/iam.ts";
import { Sha256 } from "../sigv4/sha256.ts";
import { parseAmzDate, type ParsedSignature, parseAuthorization } from "../sigv4/signature.ts";
import { type Answer, refusal } from "./response.ts";

export type Signer = { ok: true; principal: Principal } | { ok: false; answer: Answer };
export interface AuthenticateOptions {
  iam: Pick<Iam, "principalOfKey">;
  region: string;
}

interface Stated extends ParsedSignature {
  date: Date;
  token: string | undefined;
  /** Of an address that may be used until then. */
  expiresInSeconds?: number;
}

const skewMs = 15 * 60_000;
const maxExpirySeconds = 604_800;
const credentialPattern = /^([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request$/;

/**
 * Finds out who signed a request to S3: in the header `Authorization`, or in the address. Its age is taken from the
 * machine's clock, by which Lambdas sign.
 */
export async function authenticate(
  request: IncomingMessage,
  body: Buffer,
  { iam, region }: AuthenticateOptions,
): Promise<Signer> {
  const url = new URL(request.url ?? "/", "http://localhost");
  const stated = url.searchParams.has("X-Amz-Signature") ? fromQuery(url) : fromHeaders(request, body);
  if ("status" in stated) return { ok: false, answer: stated };
  const principal = iam.principalOfKey(stated.accessKeyId);
  if (!principal) {
    const said = "The AWS Access Key Id you provided does not exist in our records.";
    return refused(403, "InvalidAccessKeyId", said);
  }
  if (stated.token !== principal.sessionToken) {
    return refused(400, "InvalidToken", "The provided token is malformed or otherwise invalid.");
  }
  if (stated.region !== region || stated.service !== "s3") {
    const said = `The credential should be scoped to ${region}/s3, not ${stated.region}/${stated.service}.`;
    return refused(400, "AuthorizationHeaderMalformed", said);
  }
  const tooOld = ageProblem(stated, Date.now());
  if (tooOld) return { ok: false, answer: tooOld };
  if ((await expectedSignature(request, url, stated, principal)) === stated.signature) return { ok: true, principal };
  const said =
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
  return refused(403, "SignatureDoesNotMatch", said);
}

function fromQuery({ searchParams }: URL): Stated | Answer {
  const of = (name: string) => searchParams.get(`X-Amz-${name}`) ?? "";
  const [, accessKeyId = "", day = "", region = "", service = ""] = credentialPattern.exec(of("Credential")) ?? [];
  const date = parseAmzDate(of("Date"));
  const expiresInSeconds = Number(of("Expires"));
  const isWhole = Number.isInteger(expiresInSeconds) && expiresInSeconds > 0 && expiresInSeconds <= maxExpirySeconds;
  const isSigned = /^[0-9a-f]{64}$/.test(of("Signature")) && of("SignedHeaders").split(";").includes("host");
  if (of("Algorithm") !== "AWS4-HMAC-SHA256" || accessKeyId === "" || !isWhole || !isSigned || !isDay(day, date)) {
    const said =
      "Query-string authentication needs X-Amz-Algorithm, -Credential, -Signature, -Date, -SignedHeaders and -Expires";
    return refusal(400, "AuthorizationQueryParametersError", said);
  }
  const token = searchParams.get("X-Amz-Security-Token") ?? undefined;
  const signedHeaders = of("SignedHeaders").split(";");
  return {
    accessKeyId,
    day,
    region,
    service,
    date,
    signedHeaders,
    signature: of("Signature"),
    token,
    expiresInSeconds,
  };
}

function fromHeaders({ headers }: IncomingMessage, body: Buffer): Stated | Answer {
  if (headers.authorization === undefined) return refusal(403, "AccessDenied", "Access Denied");
  const stated = parseAuthorization(headers.authorization);
  const date = parseAmzDate(String(headers["x-amz-date"]));
  if (!stated || !isDay(stated.day, date)) {
    return refusal(400, "AuthorizationHeaderMalformed", "The authorization header is malformed.");
  }
  const required = ["host", "x-amz-content-sha256", "x-amz-date"].find((name) => !stated.signedHeaders.includes(name));
  if (required !== undefined) {
    return refusal(403, "AccessDenied", `There were headers present in the request which were not signed: ${required}`);
  }
  if (headers["x-amz-content-sha256"] !== createHash("sha256").update(body).digest("hex")) {
    const said = "The provided 'x-amz-content-sha256' header does not match what was computed.";
    return refusal(400, "XAmzContentSHA256Mismatch", said);
  }
  const token = headers["x-amz-security-token"]?.toString();
  return { ...stated, date, token };
}

function ageProblem({ date, expiresInSeconds }: Stated, nowMs: number): Answer | undefined {
  const ageMs = nowMs - date.getTime();
  if (expiresInSeconds === undefined) {
    const said = "The difference between the request time and the current time is too large.";
    return Math.abs(ageMs) > skewMs ? refusal(403, "RequestTimeTooSkewed", said) : undefined;
  }
  if (ageMs > expiresInSeconds * 1000) return refusal(403, "AccessDenied", "Request has expired");
  return ageMs < -skewMs ? refusal(403, "AccessDenied", "Request is not yet valid") : undefined;
}

/** By AWS' own signer, so that what signs here and what verifies are two implementations. */
async function expectedSignature(
  { method = "GET", headers }: IncomingMessage,
  { pathname, searchParams }: URL,
  stated: Stated,
  { accessKeyId, secretAccessKey, sessionToken }: Principal,
): Promise<string> {
  const { region, date, signedHeaders, expiresInSeconds } = stated;
  const credentials = { accessKeyId, secretAccessKey, sessionToken };
  const signer = new SignatureV4({ service: "s3", region, credentials, sha256: Sha256, uriEscapePath: false });
  const isOfSignature = (name: string) =>
    /^X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders|Signature|Security-Token)$/.test(name);
  const request = {
    ...{ method, protocol: "http:", hostname: "localhost", path: pathname },
    query: Object.fromEntries([...searchParams].filter(([name]) => !isOfSignature(name))),
    headers: Object.fromEntries(signedHeaders.map((name) => [name, String(headers[name] ?? "")])),
  };
  const signableHeaders = new Set(signedHeaders);
  if (expiresInSeconds === undefined) {
    const signed = await signer.sign(request, { signingDate: date, signableHeaders });
    return /Signature=([0-9a-f]{64})/.exec(signed.headers.authorization ?? "")?.[1] ?? "";
  }
  // Whoever is given an address sends no body, and need not know its hash.
  const bodyHash = "x-amz-content-sha256";
  const unsignable = new Set(signedHeaders.includes(bodyHash) ? [] : [bodyHash]);
  const { query = {} } = await signer.presign(
    { ...request, headers: { [bodyHash]: "UNSIGNED-PAYLOAD", ...request.headers } },
    { signingDate: date, expiresIn: expiresInSeconds, unsignableHeaders: unsignable, unhoistableHeaders: unsignable },
  );
  return String(query["X-Amz-Signature"]);
}

const isDay = (day: string, date: Date) =>
  !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10).replaceAll("-", "") === day;

const refused = (status: number, code: string, message: string): Signer => ({
  ok: false,
  answer: refusal(status, code, message),
});
