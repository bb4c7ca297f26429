import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { type LoopbackServer, startLoopbackServer } from "../http/loopback-server.ts";
import type { Iam, Principal } from "../iam/iam.ts";
import type { Stack } from "../template/stack.ts";
import type { Invocations } from "../world/invocations.ts";
import { authenticate } from "./authenticate.ts";
import { type BucketSpec, readBuckets } from "./bucket-specs.ts";
import { corsHeaders } from "./cors.ts";
import type { ObjectStore } from "./object-store.ts";
import { type Answer, refusal } from "./response.ts";

export interface S3Options {
  stack: Stack;
  objects: ObjectStore;
  iam: Pick<Iam, "principalOfKey" | "allows" | "denial">;
  invocations: Pick<Invocations, "serve">;
}

/**
 * Serves `PUT` and `GET` of the template's buckets, to whoever signed and as far as the role goes that signed. It is
 * what functions and pages ask instead of S3, another origin than the page's; a bucket's name is the start of the path.
 *
 * @throws if a bucket of the template does what is not known here
 */
export async function startS3Server(options: S3Options): Promise<LoopbackServer> {
  const buckets = new Map(readBuckets(options.stack).map((bucket) => [bucket.name, bucket]));
  return startLoopbackServer((request, response) => {
    answer(options, buckets, request).then(
      (given) => given && write(response, given),
      (error: unknown) => write(response, refusal(500, "InternalError", String(error))),
    );
  });
}

/** @returns `undefined` if the function that asked has died */
async function answer(
  options: S3Options,
  buckets: ReadonlyMap<string, BucketSpec>,
  request: IncomingMessage,
): Promise<Answer | undefined> {
  const { method = "GET", headers, url = "/" } = request;
  const body = await buffer(request);
  const [, name = "", key = ""] = /^\/([^/?]*)\/?([^?]*)/.exec(url) ?? [];
  const bucket = buckets.get(name);
  if (!bucket) return refusal(404, "NoSuchBucket", "The specified bucket does not exist");
  if (method === "OPTIONS") return preflight(bucket, request);
  // Half a percent sign can be nobody's key.
  if (!/^(?:[^%]|%[0-9A-Fa-f]{2})*$/.test(key)) return refusal(400, "InvalidURI", "Couldn't parse the specified URI.");
  const given = await serve(options, bucket, decodeURIComponent(key), request, body);
  return given && { ...given, headers: { ...given.headers, ...corsHeaders(bucket.cors, method, headers) } };
}

function preflight({ cors }: BucketSpec, { headers }: IncomingMessage): Answer {
  const allowed = corsHeaders(cors, headers["access-control-request-method"] ?? "", headers);
  if (allowed) return { status: 200, headers: allowed, body: "" };
  return refusal(403, "AccessForbidden", "CORSResponse: This CORS request is not allowed.");
}

async function serve(
  { stack, objects, iam, invocations }: S3Options,
  bucket: BucketSpec,
  key: string,
  request: IncomingMessage,
  body: Buffer,
): Promise<Answer | undefined> {
  const signer = await authenticate(request, body, { iam, region: stack.region });
  if (!signer.ok) return signer.answer;
  const action = { GET: "GetObject", PUT: "PutObject" }[request.method ?? ""];
  if (action === undefined || key === "") {
    const said = `the local runtime does not serve ${request.method} of ${key === "" ? "a bucket" : "an object"}`;
    return refusal(501, "NotImplemented", said);
  }
  const trace = request.headers["x-amzn-trace-id"]?.toString();
  return invocations.serve(trace, `s3:${action}`, async () => {
    const refused = iam.denial(signer.principal, `s3:${action}`, `${bucket.arn}/${key}`);
    if (refused !== undefined) return refusal(403, "AccessDenied", refused);
    if (action === "GetObject") return get({ objects, iam }, bucket, key, signer.principal);
    const contentType = request.headers["content-type"] ?? "binary/octet-stream";
    await objects.put(bucket.name, key, { contentType, body });
    return { status: 200, headers: { etag: etagOf(body) }, body: "" };
  });
}

async function get(
  { objects, iam }: Pick<S3Options, "objects" | "iam">,
  { name, arn }: BucketSpec,
  key: string,
  principal: Principal,
): Promise<Answer> {
  const object = await objects.get(name, key);
  if (object) {
    const { contentType, body } = object;
    return { status: 200, headers: { "content-type": contentType, etag: etagOf(body) }, body };
  }
  // Who may not list a bucket is not told what it lacks.
  if (iam.allows(principal, "s3:ListBucket", arn)) {
    return refusal(404, "NoSuchKey", "The specified key does not exist.");
  }
  return refusal(403, "AccessDenied", iam.denial(principal, "s3:ListBucket", arn) ?? "Access Denied");
}

const etagOf = (body: Buffer) => `"${createHash("md5").update(body).digest("hex")}"`;

function write(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { "content-length": Buffer.byteLength(body), ...headers });
  response.end(body);
}
