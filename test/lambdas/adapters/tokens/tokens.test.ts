import { generateKeyPair, SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import { claimsOf, contextOf, readToken } from "../../../../lambdas/adapters/tokens/tokens.ts";

const secret = "a secret of at least thirty-two characters";
const nowMs = 1_700_000_000_000;
const now = nowMs / 1000;

const sign = (claims: Record<string, unknown>, { alg = "HS256", key = secret } = {}) =>
  new SignJWT(claims).setProtectedHeader({ alg }).sign(new TextEncoder().encode(key));
const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString("base64url");
const good = { sub: "ann", exp: now + 60 };
const read = async (token: string | Promise<string>) => readToken(await token, secret, nowMs);

describe("a token", () => {
  test("contains the subject, its grants and its expiry", async () => {
    expect(await read(sign({ ...good, rooms: ["456", "lobby-*"], publish: ["chat-*"] }))).toEqual({
      subject: "ann",
      grants: { rooms: ["456", "lobby-*"], publish: ["chat-*"] },
      tokenExpiresAtMs: nowMs + 60_000,
    });
  });

  test.each([
    ["no grants", {}],
    ["grants of another type", { rooms: "*", publish: { any: "*" } }],
    ["null for grants", { rooms: null, publish: null }],
  ])("with %s allows nothing", async (_, grants) => {
    expect(await read(sign({ ...good, ...grants }))).toMatchObject({ grants: { rooms: [], publish: [] } });
  });

  test("keeps only patterns that are strings", async () => {
    expect(await read(sign({ ...good, rooms: ["456", 7, null, ["*"]] }))).toMatchObject({ grants: { rooms: ["456"] } });
  });

  test.each([
    ["nothing", ""],
    ["no token at all", "let me in"],
    ["three empty parts", ".."],
    ["parts that are not JSON", "a.b.c"],
    ["no signature", `${encode({ alg: "HS256" })}.${encode(good)}.`],
    ["alg none", `${encode({ alg: "none" })}.${encode(good)}.`],
    ["alg None and a signature", `${encode({ alg: "None" })}.${encode(good)}.AAAA`],
    ["another key", sign(good, { key: "another secret of thirty-two characters" })],
    ["another algorithm with the right key", sign(good, { alg: "HS512" })],
    ["no sub", sign({ exp: good.exp })],
    ["an empty sub", sign({ ...good, sub: "" })],
    ["a sub that is a number", sign({ ...good, sub: 7 })],
    ["a sub that is an object", sign({ ...good, sub: { toString: "ann" } })],
    ["a sub of 257 bytes", sign({ ...good, sub: "a".repeat(257) })],
    ["a sub of 86 characters that are 258 bytes", sign({ ...good, sub: "安".repeat(86) })],
    ["a sub with half a character", sign({ ...good, sub: "ann\ud800" })],
    ["no exp, valid forever", sign({ sub: "ann" })],
    ["an exp that is a string", sign({ ...good, exp: `${good.exp}` })],
    ["an exp of now", sign({ ...good, exp: now })],
    ["an exp long ago", sign({ ...good, exp: 1 })],
    ["an nbf in the future", sign({ ...good, nbf: now + 10 })],
  ])("with %s is refused", async (_, token) => {
    expect(await read(token)).toEqual({ refused: expect.any(String) });
  });

  test("is valid until the second before its exp, with a sub of 256 bytes", async () => {
    expect(await read(sign({ sub: "a".repeat(256), exp: now + 1 }))).toHaveProperty("subject");
  });

  test("signed with an RSA key is refused", async () => {
    const { privateKey } = await generateKeyPair("RS256");
    const token = await new SignJWT(good).setProtectedHeader({ alg: "RS256" }).sign(privateKey);
    expect(await read(token)).toEqual({ refused: "ERR_JOSE_ALG_NOT_ALLOWED" });
  });

  test("with a changed payload is refused", async () => {
    const [header, , signature] = (await sign(good)).split(".");
    expect(await read(`${header}.${encode({ ...good, sub: "root" })}.${signature}`)).toHaveProperty("refused");
  });
});

describe("the authorizer's context", () => {
  const claims = {
    subject: 'ann ü\n"',
    grants: { rooms: ["456", "a,b"], publish: [] },
    tokenExpiresAtMs: nowMs + 60_000,
  };

  test("contains strings only", () => {
    for (const value of Object.values(contextOf(claims))) expect(value).toBeTypeOf("string");
  });

  test("has the same claims when it is read again", () => {
    expect(claimsOf(contextOf(claims))).toEqual(claims);
  });
});
