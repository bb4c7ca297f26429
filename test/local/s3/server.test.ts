import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
// The signer of the Lambdas: another implementation than the one that verifies its signatures here.
import { presignGet, signPut } from "../../../lambdas/adapters/s3/sign.ts";
import type { Credentials } from "../../../lambdas/adapters/sigv4/signature-v4.ts";
import type { LoopbackServer } from "../../../local/http/loopback-server.ts";
import { createIam } from "../../../local/iam/iam.ts";
import { openObjectStore } from "../../../local/s3/object-store.ts";
import { startS3Server } from "../../../local/s3/server.ts";
import type { TemplateResource } from "../../../local/template/assembly.ts";
import { resolveStack } from "../../../local/template/stack.ts";
import { noFaults } from "../../../local/world/faults.ts";
import { createInvocations, type Invocations } from "../../../local/world/invocations.ts";
import { assemblyOf, policyDocument, smallResources } from "../support/small-template.ts";

const pageOrigin = "https://page.example";
const arnOf = (id: string) => ({ "Fn::GetAtt": [id, "Arn"] });
const inside = (id: string, keys: string) => ({ "Fn::Join": ["", [arnOf(id), keys]] });
const tlsOnly = {
  ...{ Effect: "Deny", Action: "s3:*", Principal: { AWS: "*" }, Resource: "*" },
  Condition: { Bool: { "aws:SecureTransport": "false" } },
};

/** Three functions: one may write, and read all objects but `secret…`; one may also list; one has no permissions. */
function resources(): Record<string, TemplateResource> {
  const { Role: role, Function: fn, Policy: _, ...others } = smallResources();
  const asRole = (id: string) => ({
    [`${id}Role`]: { ...role, Type: "AWS::IAM::Role" },
    [id]: { Type: "AWS::Lambda::Function", Properties: { ...fn?.Properties, Role: arnOf(`${id}Role`) } },
  });
  const grant = (id: string, ...statements: object[]) => ({
    [`${id}Policy`]: {
      Type: "AWS::IAM::Policy",
      Properties: { Roles: [{ Ref: `${id}Role` }], PolicyDocument: policyDocument(...statements) },
    },
  });
  const mayReadAndWrite = {
    ...{ Effect: "Allow", Action: ["s3:GetObject", "s3:PutObject"], Resource: inside("Bucket", "/*") },
  };
  return {
    ...others,
    ...asRole("Writer"),
    ...grant("Writer", mayReadAndWrite, {
      ...{ Effect: "Deny", Action: "s3:GetObject", Resource: inside("Bucket", "/secret*") },
    }),
    ...asRole("Lister"),
    ...grant("Lister", mayReadAndWrite, { Effect: "Allow", Action: "s3:ListBucket", Resource: arnOf("Bucket") }),
    ...asRole("Unprivileged"),
    Bucket: {
      Type: "AWS::S3::Bucket",
      Properties: {
        BucketEncryption: {},
        LifecycleConfiguration: { Rules: [{ ExpirationInDays: 2, Status: "Enabled" }] },
        CorsConfiguration: {
          CorsRules: [{ AllowedMethods: ["GET"], AllowedOrigins: [pageOrigin, "https://*.example.org"], MaxAge: 3600 }],
        },
      },
    },
    Policy: {
      Type: "AWS::S3::BucketPolicy",
      Properties: { Bucket: { Ref: "Bucket" }, PolicyDocument: policyDocument(tlsOnly) },
    },
  };
}

const stack = resolveStack(assemblyOf(resources()));
const iam = createIam(stack);
let invocations: Invocations;
let s3: LoopbackServer;
beforeAll(async () => {
  invocations = createInvocations(noFaults());
  s3 = await startS3Server({ stack, objects: openObjectStore(), iam, invocations });
});
afterAll(() => s3.close());

const signing = (as: string | Credentials, nowMs = Date.now(), region = "us-east-1") => ({
  credentials: typeof as === "string" ? iam.principalOfFunction(as) : as,
  region,
  nowMs,
});
const urlOf = (key: string) => new URL(`${s3.url}/${stack.physicalId("Bucket")}/${key}`);
const sha256Of = (body: string) => createHash("sha256").update(body).digest("hex");
const put = (key: string, body: string, by = "Writer", change: Record<string, string> = {}) => {
  const headers = signPut(urlOf(key), { "content-type": "application/json" }, sha256Of(body), signing(by));
  return fetch(urlOf(key), { method: "PUT", body, headers: { ...headers, ...change } });
};
const codeOf = async (response: Response) => [
  response.status,
  /<Code>(\w+)<\/Code>/.exec(await response.text())?.[1] ?? "",
];

describe("an object", () => {
  test("is served at a presigned URL with its content type", async () => {
    expect((await put("a", '"é"')).status).toBe(200);
    const response = await fetch(presignGet(urlOf("a"), 900, signing("Writer")));
    expect(response.headers.get("content-type")).toBe("application/json");
    expect([response.status, await response.text()]).toEqual([200, '"é"']);
  });

  test("is served until its URL expires", async () => {
    await put("b", "1");
    const secondsAgo = (seconds: number) => Date.now() - seconds * 1000;
    const get = (ago: number) => fetch(presignGet(urlOf("b"), 60, signing("Writer", secondsAgo(ago))));
    expect((await get(50)).status).toBe(200);
    const late = await get(62);
    expect(late.status).toBe(403);
    expect(await late.text()).toContain("<Message>Request has expired</Message>");
    expect((await get(-20 * 60)).status).toBe(403);
  });

  test("that does not exist is 404 for a role that may list the bucket, and 403 for others", async () => {
    const get = (by: string) => fetch(presignGet(urlOf("none"), 900, signing(by)));
    expect(await codeOf(await get("Lister"))).toEqual([404, "NoSuchKey"]);
    expect(await codeOf(await get("Writer"))).toEqual([403, "AccessDenied"]);
  });

  test("in an unknown bucket is 404", async () => {
    expect(await codeOf(await fetch(`${s3.url}/other/a`))).toEqual([404, "NoSuchBucket"]);
  });
});

describe("a request", () => {
  test("without a signature is denied", async () => {
    await put("c", "1");
    expect(await codeOf(await fetch(urlOf("c")))).toEqual([403, "AccessDenied"]);
    expect(await codeOf(await fetch(urlOf("c"), { method: "PUT", body: "2" }))).toEqual([403, "AccessDenied"]);
  });

  test("to a modified URL is denied", async () => {
    await put("d1", "1");
    await put("d2", "1");
    const url = presignGet(urlOf("d1"), 900, signing("Writer"));
    const changes = [
      url.replace("/d1?", "/d2?"),
      url.replace("Expires=900", "Expires=901"),
      `${url}&response-content-type=text/html`,
      url.replace(/Signature=./, (text) => `Signature=${text.endsWith("0") ? "1" : "0"}`),
    ];
    for (const changed of changes) {
      expect(await codeOf(await fetch(changed))).toEqual([403, "SignatureDoesNotMatch"]);
    }
    expect(await codeOf(await fetch(url, { method: "PUT", body: "2" }))).toEqual([403, "SignatureDoesNotMatch"]);
    expect((await fetch(url, { method: "HEAD" })).status).toBe(403);
  });

  test("with an unknown key, for another Region or with another session token is denied", async () => {
    const get = (as: Parameters<typeof signing>) => fetch(presignGet(urlOf("a"), 900, signing(...as)));
    const own = iam.principalOfFunction("Writer");
    expect(await codeOf(await get([{ ...own, accessKeyId: "ASIANOBODY" }]))).toEqual([403, "InvalidAccessKeyId"]);
    expect(await codeOf(await get([{ ...own, sessionToken: "other" }]))).toEqual([400, "InvalidToken"]);
    expect((await get(["Writer", Date.now(), "eu-west-1"])).status).toBe(400);
  });

  test("has the permissions of the role that signed it", async () => {
    await put("secret-1", "1");
    const get = (key: string, by: string) => fetch(presignGet(urlOf(key), 900, signing(by)));
    const denied = await get("secret-1", "Writer");
    expect(await denied.text()).toMatch(/not authorized to perform: s3:GetObject on resource: .*explicit deny/);
    expect(await codeOf(await get("a", "Unprivileged"))).toEqual([403, "AccessDenied"]);
    expect(await codeOf(await put("e", "1", "Unprivileged"))).toEqual([403, "AccessDenied"]);
  });

  test("must have the body and headers that were signed", async () => {
    const { host: _, ...headers } = { host: "", ...signPut(urlOf("f"), {}, sha256Of("1"), signing("Writer")) };
    const broken = await fetch(urlOf("f"), { method: "PUT", body: "2", headers });
    expect(await codeOf(broken)).toEqual([400, "XAmzContentSHA256Mismatch"]);
    expect(await codeOf(await put("f", "1", "Writer", { "content-type": "text/html" }))).toEqual([
      403,
      "SignatureDoesNotMatch",
    ]);
  });

  test("to a malformed presigned URL is 400", async () => {
    const url = presignGet(urlOf("a"), 900, signing("Writer"));
    for (const name of ["Algorithm", "Credential", "Date", "Expires", "SignedHeaders"]) {
      const wrong = new URL(url);
      wrong.searchParams.delete(`X-Amz-${name}`);
      expect(await codeOf(await fetch(wrong))).toEqual([400, "AuthorizationQueryParametersError"]);
    }
    for (const expires of ["0", "604801", "1.5", "soon"]) {
      const wrong = url.replace("Expires=900", `Expires=${expires}`);
      expect(await codeOf(await fetch(wrong))).toEqual([400, "AuthorizationQueryParametersError"]);
    }
  });
});

describe("a page", () => {
  test.each([
    [pageOrigin, pageOrigin],
    ["https://a.example.org", "https://a.example.org"],
    ["https://evil.example", null],
  ])("of %s may read responses and errors as %s", async (origin, allowed) => {
    await put("g", "1");
    const get = (key: string) => fetch(presignGet(urlOf(key), 900, signing("Writer")), { headers: { origin } });
    for (const response of [await get("g"), await get("none")]) {
      expect(response.headers.get("access-control-allow-origin")).toBe(allowed);
    }
  });

  test.each([
    ["GET", pageOrigin, "", 200],
    ["PUT", pageOrigin, "", 403],
    ["GET", "https://evil.example", "", 403],
    ["GET", pageOrigin, "authorization", 403],
  ])("sends a preflight for %s from %s with the header '%s' and gets %i", async (method, origin, names, status) => {
    const headers = { origin, "access-control-request-method": method, "access-control-request-headers": names };
    expect((await fetch(urlOf("g"), { method: "OPTIONS", headers })).status).toBe(status);
  });
});

test("a function's PUT is a call of its invocation, and gets no response if the function is killed", async () => {
  const faults = noFaults();
  const own = createInvocations(faults);
  const objects = openObjectStore();
  const server = await startS3Server({ stack, objects, iam, invocations: own });
  const url = new URL(`${server.url}/${stack.physicalId("Bucket")}/k`);
  const kill = vi.fn();
  const { trace } = own.begin("Writer", {}, kill);
  const headers = { ...signPut(url, {}, sha256Of("1"), signing("Writer")), "x-amzn-trace-id": trace };
  expect((await fetch(url, { method: "PUT", body: "1", headers })).status).toBe(200);
  expect(own.all[0]?.calls).toEqual(["s3:PutObject"]);
  faults.crashAt("Writer", 2, "before");
  void fetch(url, { method: "PUT", body: "1", headers }).catch(() => {});
  await expect.poll(() => kill.mock.calls.length).toBe(1);
  await server.close();
});

test.each<[string, TemplateResource, RegExp]>([
  ["a bucket with versions", bucket({ VersioningConfiguration: { Status: "Enabled" } }), /VersioningConfiguration/],
  ["a bucket with notifications", bucket({ NotificationConfiguration: {} }), /NotificationConfiguration/],
  [
    "a bucket policy that allows public access",
    {
      Type: "AWS::S3::BucketPolicy",
      Properties: { PolicyDocument: policyDocument({ Effect: "Allow", Action: "s3:GetObject", Principal: "*" }) },
    },
    /supports only a bucket policy that denies requests without TLS, got .*Allow/,
  ],
])("%s is rejected at the start", async (_, resource, message) => {
  const other = resolveStack(assemblyOf({ ...smallResources(), Other: resource }));
  const opened = startS3Server({ stack: other, objects: openObjectStore(), iam, invocations });
  await expect(opened).rejects.toThrow(message);
});

function bucket(Properties: Record<string, unknown>): TemplateResource {
  return { Type: "AWS::S3::Bucket", Properties };
}
