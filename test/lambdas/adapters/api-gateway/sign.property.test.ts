import { createHash } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import fc from "fast-check";
import { expect, test } from "vitest";
import { makeSigner, type Target } from "../../../../lambdas/adapters/api-gateway/sign.ts";
import type { Credentials } from "../../../../lambdas/adapters/sigv4/signature-v4.ts";
import { Sha256 } from "../../../../local/sigv4/sha256.ts";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** AWS's own signer over the same request. */
async function reference(target: Target, credentials: Credentials, atMs: number, path: string, body: Uint8Array) {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const signer = new SignatureV4({
    service: "execute-api",
    region: target.region,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
    sha256: Sha256,
    applyChecksum: false,
  });
  const { headers } = await signer.sign(
    {
      method: "POST",
      protocol: "https:",
      hostname: target.host,
      path,
      headers: { host: target.host, "content-type": "application/octet-stream" },
      body,
    },
    { signingDate: new Date(atMs) },
  );
  const { authorization, ...signed } = headers;
  return { authorization, signed };
}

const text = (alphabet: string, sizes: { minLength: number; maxLength: number }) =>
  fc.string({ unit: fc.constantFrom(...alphabet), ...sizes });
const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const base64 = `${letters}+/=`;
// Ids as API Gateway makes them, with whatever base64 in either spelling could hold, and with what no id was seen to hold.
const connectionId = fc.oneof(
  text(`${base64}-_`, { minLength: 1, maxLength: 24 }),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }).filter((id) => !/^\.{1,2}$/.test(id)),
);
const target = fc.record({
  host: fc.constantFrom("abcdef1234.execute-api.eu-central-1.amazonaws.com", "127.0.0.1:4000", "live.example.org"),
  path: fc.constantFrom("", "/socket", "/a-stage_2", "/mapped/part"),
  region: fc.constantFrom("us-east-1", "eu-central-1", "ap-southeast-2", "cn-north-1", "us-gov-west-1"),
});
const credentials = fc.record({
  accessKeyId: text(letters, { minLength: 16, maxLength: 20 }),
  // Longer than a block of the hash, too.
  secretAccessKey: text(base64, { minLength: 1, maxLength: 80 }),
  sessionToken: fc.option(text(base64, { minLength: 1, maxLength: 1_200 }), { nil: undefined }),
});
const atMs = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2100, 0, 1) });
const largestPost = 128 * 1024;
const body = fc.oneof(
  { weight: 9, arbitrary: fc.uint8Array({ maxLength: 600 }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: 0, max: largestPost }), fc.nat({ max: 255 }))
      .map(([length, byte]) => new Uint8Array(length).fill(byte)),
  },
);

test("every post is signed byte for byte as AWS's own signer does it", async () => {
  await fc.assert(
    fc.asyncProperty(target, credentials, atMs, connectionId, body, async (target, credentials, atMs, id, body) => {
      const signer = makeSigner(target, credentials, atMs);
      const expected = await reference(target, credentials, atMs, signer.pathOf(id), body);
      expect(Object.fromEntries(signer.headers)).toEqual(expected.signed);
      expect(signer.authorization(id, sha256(body))).toBe(expected.authorization);
    }),
    { numRuns: 3_000 },
  );
});

test("one signer signs many posts, each as if it were the only one", async () => {
  const posts = fc.array(fc.tuple(connectionId, body), { minLength: 2, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(target, credentials, atMs, posts, async (target, credentials, atMs, posts) => {
      const shared = makeSigner(target, credentials, atMs);
      for (const [id, body] of posts) {
        const alone = makeSigner(target, credentials, atMs);
        expect(shared.authorization(id, sha256(body))).toBe(alone.authorization(id, sha256(body)));
      }
    }),
    { numRuns: 300 },
  );
});

test.each([
  ["L0SM9cOFvHcCIhw=", "/socket/@connections/L0SM9cOFvHcCIhw%3D"],
  ["a+b/c=", "/socket/@connections/a%2Bb%2Fc%3D"],
  ["a-b_c", "/socket/@connections/a-b_c"],
])("the id %s goes out as %s", (id, path) => {
  const signer = makeSigner(
    { host: "a", path: "/socket", region: "us-east-1" },
    { accessKeyId: "a", secretAccessKey: "b" },
    0,
  );
  expect(signer.pathOf(id)).toBe(path);
});
