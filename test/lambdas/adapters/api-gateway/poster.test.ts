import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { makePoster } from "../../../../lambdas/adapters/api-gateway/poster.ts";
import { makeSigner } from "../../../../lambdas/adapters/api-gateway/sign.ts";
import type { SendResult } from "../../../../lambdas/adapters/http1/connection.ts";
import type { Credentials } from "../../../../lambdas/adapters/sigv4/signature-v4.ts";

const target = { host: "abc.execute-api.eu-central-1.amazonaws.com", path: "/socket", region: "eu-central-1" };
const first: Credentials = { accessKeyId: "ASIAFIRST", secretAccessKey: "secret 1", sessionToken: "token 1" };
const second: Credentials = { accessKeyId: "ASIASECOND", secretAccessKey: "secret 2", sessionToken: "token 2" };
const noon = Date.UTC(2026, 4, 6, 12);

/** A poster that records its requests, and gets `reply`. */
function posterTo(reply: SendResult = { status: 200, body: "", keepAlive: true }) {
  const requests: string[] = [];
  const harness = { nowMs: noon, credentials: first, trace: undefined as string | undefined, envReads: 0 };
  const post = makePoster({
    target,
    pool: {
      send: async (request) => {
        requests.push(request());
        return reply;
      },
    },
    credentials: () => {
      harness.envReads += 1;
      return harness.credentials;
    },
    trace: () => harness.trace,
    now: () => harness.nowMs,
  });
  return { harness, requests, post };
}

const headerOf = (request: string | undefined, name: string) =>
  new RegExp(`^${name}: (.*)\r$`, "m").exec(request ?? "")?.[1];
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
/** The header of this post, signed alone. */
const authorizationOf = (credentials: Credentials, atMs: number, id: string, text: string) =>
  makeSigner(target, credentials, atMs).authorization(id, sha256(text));

describe("a post", () => {
  test("is one request, signed, with the frame as it is", async () => {
    const { post, requests } = posterTo();
    expect(await post("a_B-c9=", '{"a":"ü"}')).toBe("sent");
    expect(requests).toEqual([
      [
        "POST /socket/@connections/a_B-c9%3D HTTP/1.1",
        "content-type: application/octet-stream",
        `host: ${target.host}`,
        "x-amz-date: 20260506T120000Z",
        "x-amz-security-token: token 1",
        `authorization: ${authorizationOf(first, noon, "a_B-c9=", '{"a":"ü"}')}`,
        "content-length: 10",
        "",
        '{"a":"ü"}',
      ].join("\r\n"),
    ]);
  });

  test.each([
    ["nothing", "", 0],
    ["the largest frame", "x".repeat(128 * 1024), 128 * 1024],
    ["characters of four bytes", "🦀".repeat(9), 36],
  ])("of %s has its length in bytes", async (_, text, bytes) => {
    const { post, requests } = posterTo();
    await post("abc=", text);
    expect(headerOf(requests[0], "content-length")).toBe(`${bytes}`);
    expect(requests[0]?.endsWith(`\r\n\r\n${text}`)).toBe(true);
    expect(headerOf(requests[0], "authorization")).toBe(authorizationOf(first, noon, "abc=", text));
  });

  test("carries the trace id of its invocation, if there is one", async () => {
    const { post, requests, harness } = posterTo();
    await post("abc=", "{}");
    harness.trace = "Root=1-2-3";
    await post("abc=", "{}");
    expect(requests.map((request) => headerOf(request, "x-amzn-trace-id"))).toEqual([undefined, "Root=1-2-3"]);
  });

  test("of many texts in turn has its own signature", async () => {
    const { post, requests } = posterTo();
    const texts = Array.from({ length: 60 }, (_, i) => `{"n":${(i * 7) % 23}}`);
    for (const text of texts) await post("abc=", text);
    expect(requests.map((request) => headerOf(request, "authorization"))).toEqual(
      texts.map((text) => authorizationOf(first, noon, "abc=", text)),
    );
  });
});

describe("the outcome of a post", () => {
  const response = (status: number, body = "") => ({ status, body, keepAlive: true });

  test.each<[string, SendResult, string]>([
    ["200", response(200), "sent"],
    ["410", response(410), "gone"],
    ["413", response(413, '{"message":"Request Too Long"}'), "tooLarge"],
    ["429", response(429), "slow"],
    ["500", response(500), "failed"],
    ["503", response(503, "<html>"), "failed"],
    ["no connection", "unsent", "failed"],
    ["no response", "unanswered", "unknown"],
  ])("%s is %3$s, after one attempt", async (_, reply, outcome) => {
    const { post, requests } = posterTo(reply);
    expect(await post("abc=", "{}")).toBe(outcome);
    expect(requests).toHaveLength(1);
  });

  test.each([
    [400, '{"message":"Invalid connectionId: abc="}'],
    [403, '{"message":"User is not authorized"}'],
    [302, ""],
  ])("%i is an error of the caller: thrown with API Gateway's text, without the payload", async (status, body) => {
    const { post } = posterTo(response(status, body));
    const error = await post("abc=", '{"data":"private"}').catch((error: Error) => error);
    expect(error).toEqual(new Error(`API Gateway responded to a post with ${status}: ${body}`));
  });
});

describe("time and credentials", () => {
  test("posts of one second share their date; the next second has its own", async () => {
    const { post, requests, harness } = posterTo();
    for (const ms of [0, 999, 1_000]) {
      harness.nowMs = noon + ms;
      await post("abc=", "{}");
    }
    expect(requests.map((request) => headerOf(request, "x-amz-date"))).toEqual([
      "20260506T120000Z",
      "20260506T120000Z",
      "20260506T120001Z",
    ]);
    expect(harness.envReads).toBe(2);
  });

  test("yesterday's key does not sign today's posts", async () => {
    const { post, requests, harness } = posterTo();
    const midnight = Date.UTC(2026, 4, 7);
    for (const atMs of [midnight - 1, midnight]) {
      harness.nowMs = atMs;
      await post("abc=", "{}");
    }
    expect(requests.map((request) => headerOf(request, "authorization"))).toEqual([
      authorizationOf(first, midnight - 1_000, "abc=", "{}"),
      authorizationOf(first, midnight, "abc=", "{}"),
    ]);
  });

  test("changed credentials are used within a second, all parts together", async () => {
    const { post, requests, harness } = posterTo();
    await post("abc=", "{}");
    harness.credentials = second;
    harness.nowMs += 1_000;
    await post("abc=", "{}");
    expect(requests.map((request) => headerOf(request, "x-amz-security-token"))).toEqual(["token 1", "token 2"]);
    expect(headerOf(requests[1], "authorization")).toBe(authorizationOf(second, noon + 1_000, "abc=", "{}"));
  });
});
