import { hash } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { expect, onTestFinished, test, vi } from "vitest";
import { payloadsIn } from "../../../../lambdas/adapters/s3/payloads.ts";

interface Got {
  request: IncomingMessage;
  body: Buffer;
}
type StubResponse = { status: number; body?: string } | "hangs up" | "silence";

/** A bucket that responds to the PUTs with these, in order; the last one repeats. */
async function bucket(...responses: StubResponse[]) {
  const got: Got[] = [];
  const waits: number[] = [];
  const server = createServer(async (request, response) => {
    got.push({ request, body: await buffer(request) });
    const next = responses.length > 1 ? responses.shift() : responses[0];
    if (next === "hangs up") request.socket.destroy();
    else if (next !== "silence" && next) response.writeHead(next.status).end(next.body);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
  const credentials = { accessKeyId: "ASIA1", secretAccessKey: "secret", sessionToken: "session" };
  const payloads = payloadsIn({
    bucketUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/bucket`,
    region: "us-east-1",
    credentials: () => credentials,
    now: () => Date.UTC(2026, 0, 2, 3, 4, 5),
    wait: async (ms) => void waits.push(ms),
    random: () => 0.5,
    trace: () => "Root=1-2",
  });
  return { payloads, got, waits, credentials };
}
const ok: StubResponse = { status: 200 };
const data = JSON.stringify("é".repeat(100_000));
const sha256 = hash("sha256", data);

test("a text is put under its own hash, as JSON, with a hash for S3 to compare", async () => {
  const { payloads, got } = await bucket(ok);
  expect(await payloads.put(data)).toEqual({ sha256, bytes: 200_002 });
  expect(got).toHaveLength(1);
  expect(got[0]?.body.toString()).toBe(data);
  expect(got[0]?.request).toMatchObject({ method: "PUT", url: `/bucket/${sha256}` });
  expect(got[0]?.request.headers).toMatchObject({
    "content-type": "application/json",
    "content-length": "200002",
    "x-amz-content-sha256": sha256,
    "x-amz-security-token": "session",
    "x-amzn-trace-id": "Root=1-2",
    authorization: expect.stringContaining(
      "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token,",
    ),
  });
});

test.each<[string, StubResponse]>([
  ["with a 503", { status: 503, body: "<Error><Code>SlowDown</Code></Error>" }],
  ["with a 500", { status: 500 }],
  ["with a 429", { status: 429 }],
  ["whose connection breaks", "hangs up"],
])("a PUT %s is retried after growing pauses", async (_, failure) => {
  const { payloads, got, waits } = await bucket(failure, failure, ok);
  expect(await payloads.put(data)).toEqual({ sha256, bytes: 200_002 });
  expect(got).toHaveLength(3);
  expect(waits).toEqual([100, 200]);
});

test("after three attempts it fails with S3's error code, and nothing of the data", async () => {
  const { payloads, got } = await bucket({ status: 503, body: "<Error><Code>SlowDown</Code><X>é</X></Error>" });
  await expect(payloads.put(data)).rejects.toThrow(/^S3 responded to a PUT with 503: SlowDown$/);
  expect(got).toHaveLength(3);
});

test("a PUT that S3 refuses is not retried", async () => {
  const { payloads, got } = await bucket({ status: 403, body: "<Error><Code>AccessDenied</Code></Error>" });
  await expect(payloads.put(data)).rejects.toThrow("S3 responded to a PUT with 403: AccessDenied");
  expect(got).toHaveLength(1);
});

test("a PUT without a response times out after five seconds, each attempt", async () => {
  const timeout = AbortSignal.timeout;
  const timeouts: number[] = [];
  vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
    timeouts.push(ms);
    return timeout.call(AbortSignal, 50);
  });
  onTestFinished(() => void vi.restoreAllMocks());
  const { payloads } = await bucket("silence");
  await expect(payloads.put(data)).rejects.toThrow("S3 did not respond to a PUT");
  expect(timeouts).toEqual([5_000, 5_000, 5_000]);
});

test("a URL is for one text, for a quarter of an hour, and takes no request", async () => {
  const { payloads, got, credentials } = await bucket(ok);
  const url = new URL(payloads.urlOf({ sha256, bytes: 1 }));
  expect(url.pathname).toBe(`/bucket/${sha256}`);
  expect(Object.fromEntries(url.searchParams)).toMatchObject({
    "X-Amz-Date": "20260102T030405Z",
    "X-Amz-Expires": "900",
    "X-Amz-Security-Token": "session",
  });
  expect(got).toEqual([]);
  // Credentials of a role are replaced from time to time.
  credentials.sessionToken = "next";
  expect(payloads.urlOf({ sha256, bytes: 1 })).toContain("X-Amz-Security-Token=next");
});
