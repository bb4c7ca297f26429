import { createHash } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import fc from "fast-check";
import { expect, test } from "vitest";
import { presignGet, type Signing, signPut } from "../../../../lambdas/adapters/s3/sign.ts";
import type { Credentials } from "../../../../lambdas/adapters/sigv4/signature-v4.ts";
import { Sha256 } from "../../../../local/sigv4/sha256.ts";

// AWS' own signer says what is right.

const signerOf = ({ credentials, region }: Signing) =>
  new SignatureV4({
    ...{ service: "s3", region, sha256: Sha256, uriEscapePath: false, applyChecksum: true },
    credentials: credentials as Credentials & { sessionToken: string },
  });
const requestOf = (method: string, { hostname, port, host, pathname }: URL, headers: Record<string, string>) => ({
  ...{ method, protocol: "https:", hostname, path: pathname, query: {}, headers: { ...headers, host } },
  ...(port !== "" && { port: Number(port) }),
});

const contentHash = "x-amz-content-sha256";
async function theirPresigned(address: URL, expiresIn: number, signing: Signing): Promise<Record<string, string>> {
  const request = requestOf("GET", address, { [contentHash]: "UNSIGNED-PAYLOAD" });
  const { query } = await signerOf(signing).presign(request, {
    expiresIn,
    signingDate: new Date(signing.nowMs),
    unhoistableHeaders: new Set([contentHash]),
    unsignableHeaders: new Set([contentHash]),
  });
  return query as Record<string, string>;
}

const base64 = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((bytes) => Buffer.from(bytes).toString("base64"));
const signings: fc.Arbitrary<Signing> = fc.record({
  credentials: fc.record({
    accessKeyId: fc.stringMatching(/^A[KS]IA[A-Z2-7]{16}$/),
    secretAccessKey: base64(30, 30),
    // Session tokens are full of what a query has to escape.
    sessionToken: fc.option(fc.oneof(base64(1, 1_200), fc.stringMatching(/^[!-~]{1,40}$/)), { nil: undefined }),
  }),
  region: fc.constantFrom("us-east-1", "eu-central-1", "cn-north-1"),
  nowMs: fc.date({ min: new Date("2000-01-01"), max: new Date("2099-12-31"), noInvalidDate: true }).map(Number),
});
const sha256s = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString("hex"));
const addresses = fc
  .tuple(
    fc.constantFrom(
      "https://downlink-payloads-1x.s3.eu-central-1.amazonaws.com",
      "https://b.s3.cn-north-1.amazonaws.com.cn",
      "http://127.0.0.1:4566/bucket",
    ),
    sha256s,
  )
  .map(([bucket, key]) => new URL(`${bucket}/${key}`));

test("an address is signed as AWS' own signer signs it, to the byte", async () => {
  await fc.assert(
    fc.asyncProperty(addresses, fc.integer({ min: 1, max: 604_800 }), signings, async (address, seconds, signing) => {
      const url = new URL(presignGet(address, seconds, signing));
      expect(`${url.origin}${url.pathname}`).toBe(address.href);
      expect(Object.fromEntries(url.searchParams)).toEqual(await theirPresigned(address, seconds, signing));
      // Parameters in any other form than S3's own would be another canonical request.
      expect(url.search).not.toMatch(/[+!'()*]/);
    }),
    { numRuns: 1_000 },
  );
});

test("a PUT is signed as AWS' own signer signs it, to the byte", async () => {
  await fc.assert(
    fc.asyncProperty(addresses, fc.uint8Array({ maxLength: 2_000 }), signings, async (address, body, signing) => {
      const sha256 = createHash("sha256").update(body).digest("hex");
      const ours = signPut(address, { "content-type": "application/json" }, sha256, signing);
      const request = { ...requestOf("PUT", address, { "content-type": "application/json" }), body };
      const { headers } = await signerOf(signing).sign(request, { signingDate: new Date(signing.nowMs) });
      const { host: _, ...theirs } = headers;
      expect(ours).toEqual(theirs);
    }),
    { numRuns: 1_000 },
  );
});

test("credentials and days that change are not mistaken for those of before", async () => {
  const address = new URL("https://b.s3.us-east-1.amazonaws.com/k");
  const one: Signing = {
    credentials: { accessKeyId: "ASIA1", secretAccessKey: "one", sessionToken: "t" },
    region: "us-east-1",
    nowMs: Date.UTC(2026, 0, 1, 23, 59, 59),
  };
  const turns: Signing[] = [
    one,
    { ...one, nowMs: one.nowMs + 1_000 },
    { ...one, credentials: { ...one.credentials, secretAccessKey: "two" } },
    { ...one, region: "eu-west-1" },
    one,
  ];
  for (const signing of turns) {
    const { searchParams } = new URL(presignGet(address, 900, signing));
    expect(Object.fromEntries(searchParams)).toEqual(await theirPresigned(address, 900, signing));
  }
});
