import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { type LoopbackServer, startLoopbackServer } from "../http/loopback-server.ts";
import type { Iam, Principal } from "../iam/iam.ts";
import type { Stack } from "../template/stack.ts";
import type { Invocations } from "../world/invocations.ts";
import { authenticate } from "./authenticate.ts";
import { type BucketSpec, readBucketSpecs } from "./bucket-specs.ts";
import { corsHeaders } from "./cors.ts";
import type { ObjectStore } from "./object-store.ts";
import { errorResponse, type S3Response } from "./response.ts";

export interface S3Options {
  stack: Stack;
  objects: ObjectStore;
  iam: Pick<Iam, "principalOfKey" | "allows" | "denial">;
  invocations: Pick<Invocations, "serve">;
}

/**
 * Starts an S3 server for the buckets of the template, on an origin of its own as on AWS. It serves `PUT` and `GET` of
 * objects at `/{bucket}/{key}`, to signed requests and within the permissions of the signing role.
 *
 * @throws if a bucket uses a property that the local runtime does not support
 */
export async function startS3Server(options: S3Options): Promise<LoopbackServer> {
  const buckets = new Map(readBucketSpecs(options.stack).map((bucket) => [bucket.name, bucket]));
  return startLoopbackServer((request, response) => {
    serveRequest(options, buckets, request).then(
      (result) => result && write(response, result),
      (error: unknown) => write(response, errorResponse(500, "InternalError", String(error))),
    );
  });
}

/** @returns `undefined` if the calling function is dead and cannot receive a response */
async function serveRequest(
  options: S3Options,
  buckets: ReadonlyMap<string, BucketSpec>,
  request: IncomingMessage,
): Promise<S3Response | undefined> {
  const { method = "GET", headers, url = "/" } = request;
  const body = await buffer(request);
  const [, name = "", key = ""] = /^\/([^/?]*)\/?([^?]*)/.exec(url) ?? [];
  const bucket = buckets.get(name);
  if (!bucket) return errorResponse(404, "NoSuchBucket", "The specified bucket does not exist");
  if (method === "OPTIONS") return preflight(bucket, request);
  if (!isDecodable(key)) return errorResponse(400, "InvalidURI", "Couldn't parse the specified URI.");
  const response = await serveObject(options, bucket, decodeURIComponent(key), request, body);
  return response && { ...response, headers: { ...response.headers, ...corsHeaders(bucket.cors, method, headers) } };
}

const isDecodable = (key: string) => /^(?:[^%]|%[0-9A-Fa-f]{2})*$/.test(key);

function preflight({ cors }: BucketSpec, { headers }: IncomingMessage): S3Response {
  const allowed = corsHeaders(cors, headers["access-control-request-method"] ?? "", headers);
  if (allowed) return { status: 200, headers: allowed, body: "" };
  return errorResponse(403, "AccessForbidden", "CORSResponse: This CORS request is not allowed.");
}

async function serveObject(
  { stack, objects, iam, invocations }: S3Options,
  bucket: BucketSpec,
  key: string,
  request: IncomingMessage,
  body: Buffer,
): Promise<S3Response | undefined> {
  const authentication = await authenticate(request, body, { iam, region: stack.region });
  if (!authentication.ok) return authentication.response;
  const { principal } = authentication;
  const action = { GET: "GetObject", PUT: "PutObject" }[request.method ?? ""];
  if (action === undefined || key === "") {
    const message = `the local runtime does not serve ${request.method} of ${key === "" ? "a bucket" : "an object"}`;
    return errorResponse(501, "NotImplemented", message);
  }
  const trace = request.headers["x-amzn-trace-id"]?.toString();
  return invocations.serve(trace, `s3:${action}`, async () => {
    const denial = iam.denial(principal, `s3:${action}`, `${bucket.arn}/${key}`);
    if (denial !== undefined) return errorResponse(403, "AccessDenied", denial);
    if (action === "GetObject") return getObject({ objects, iam }, bucket, key, principal);
    const contentType = request.headers["content-type"] ?? "binary/octet-stream";
    await objects.put(bucket.name, key, { contentType, body });
    return { status: 200, headers: { etag: etagOf(body) }, body: "" };
  });
}

async function getObject(
  { objects, iam }: Pick<S3Options, "objects" | "iam">,
  { name, arn }: BucketSpec,
  key: string,
  principal: Principal,
): Promise<S3Response> {
  const object = await objects.get(name, key);
  if (object) {
    const { contentType, body } = object;
    return { status: 200, headers: { "content-type": contentType, etag: etagOf(body) }, body };
  }
  // As on AWS, only a role that may list the bucket learns that the key does not exist.
  if (iam.allows(principal, "s3:ListBucket", arn)) {
    return errorResponse(404, "NoSuchKey", "The specified key does not exist.");
  }
  return errorResponse(403, "AccessDenied", iam.denial(principal, "s3:ListBucket", arn) ?? "Access Denied");
}

const etagOf = (body: Buffer) => `"${createHash("md5").update(body).digest("hex")}"`;

function write(response: ServerResponse, { status, headers, body }: S3Response): void {
  response.writeHead(status, { "content-length": Buffer.byteLength(body), ...headers });
  response.end(body);
}
