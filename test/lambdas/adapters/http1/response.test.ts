import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MalformedResponse, ResponseReader } from "../../../../lambdas/adapters/http1/response.ts";

/** Reads the pieces, one after the other. @returns the result of the last one */
function read(...posts: (string | Buffer)[]) {
  const responseReader = new ResponseReader();
  return posts.map((post) => responseReader.read(Buffer.from(post as string, "latin1"))).at(-1);
}

const gone = '{"message":"Gone","connectionId":"abc="}';
const responses = {
  "an empty one": ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", { status: 200, body: "", keepAlive: true }],
  "one with a body": [
    `HTTP/1.1 410 Gone\r\nDate: today\r\ncontent-length:${gone.length}\r\nx-amzn-ErrorType: GoneException\r\n\r\n${gone}`,
    { status: 410, body: gone, keepAlive: true },
  ],
  "one without a reason": ["HTTP/1.1 429\r\ncontent-length: 0\r\n\r\n", { status: 429, body: "", keepAlive: true }],
  "one that ends the connection": [
    "HTTP/1.1 503 Busy\r\nConnection: Keep-Alive, Close\r\ncontent-length: 2\r\n\r\nno",
    { status: 503, body: "no", keepAlive: false },
  ],
  "one in chunks": [
    "HTTP/1.1 500 Oh\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n\r\n\r\n\r\nxyz.\r\n0\r\n\r\n",
    { status: 500, body: "abc\r\n\r\n\r\nxyz.", keepAlive: true },
  ],
  "one after interim ones": [
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1",
    { status: 200, body: "1", keepAlive: true },
  ],
  "one that has no body by its status": ["HTTP/1.1 204 No Content\r\n\r\n", { status: 204, body: "", keepAlive: true }],
  "one with bytes beyond ASCII": [
    "HTTP/1.1 400 \xfc\r\ncontent-length: 2\r\n\r\n\xc3\xbc",
    { status: 400, body: "\xc3\xbc", keepAlive: true },
  ],
} as const;

describe("a response is read", () => {
  test.each(Object.entries(responses))("%s", (_, [text, expected]) => {
    expect(read(text)).toEqual(expected);
  });

  test("however its bytes are split, and not before its last byte", () => {
    const cuts = fc.array(fc.nat(), { maxLength: 8 });
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(responses)), cuts, ([text, expected], cuts) => {
        const at = [...new Set(cuts.map((cut) => cut % text.length))].toSorted((a, b) => a - b);
        const posts = [0, ...at].map((from, i) => text.slice(from, at[i] ?? text.length));
        const whole = new ResponseReader();
        const before = posts.slice(0, -1).map((post) => whole.read(Buffer.from(post, "latin1")));
        expect(before.filter((response) => response !== undefined)).toEqual([]);
        expect(whole.read(Buffer.from(posts.at(-1) ?? "", "latin1"))).toEqual(expected);
      }),
    );
  });

  test("byte by byte", () => {
    for (const [text, expected] of Object.values(responses)) expect(read(...text)).toEqual(expected);
  });

  test("to the end of its connection, if it announces that", () => {
    for (const head of [
      "HTTP/1.1 410 Gone\r\nconnection: close\r\n\r\n",
      "HTTP/1.1 200 OK\r\nConnection: Close\r\n\r\n",
    ]) {
      const responseReader = new ResponseReader();
      const cuts = [head, gone.slice(0, 7), gone.slice(7)];
      expect(cuts.map((post) => responseReader.read(Buffer.from(post)))).toEqual([undefined, undefined, undefined]);
      expect(responseReader.end()).toEqual({ status: head.includes("410") ? 410 : 200, body: gone, keepAlive: false });
      expect(responseReader.end()).toBeUndefined();
    }
  });

  test("not at all if its connection ends too early", () => {
    for (const text of [
      "",
      "HTTP/1.1 200 OK\r\nconnection: close\r\n",
      ...Object.values(responses).map(([whole]) => whole.slice(0, -1)),
    ]) {
      const responseReader = new ResponseReader();
      responseReader.read(Buffer.from(text, "latin1"));
      expect(responseReader.end()).toBeUndefined();
    }
  });

  test("one after the other", () => {
    const responseReader = new ResponseReader();
    for (const [text, expected] of Object.values(responses))
      expect(responseReader.read(Buffer.from(text, "latin1"))).toEqual(expected);
  });
});

test.each([
  ["that is not HTTP", "SSH-2.0-OpenSSH_9.6\r\n\r\n"],
  ["of another HTTP version", "HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n"],
  ["whose status is out of range", "HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n"],
  ["whose status has too many digits", "HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n"],
  ["that switches the protocol", "HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n"],
  ["that only the end of the connection would end", "HTTP/1.1 200 OK\r\n\r\nall until the end"],
  [
    "with a long body until the end of the connection",
    `HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${"x".repeat(66_000)}`,
  ],
  ["with two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\ncontent-length: 0\r\n\r\n"],
  ["with a list of lengths", "HTTP/1.1 200 OK\r\ncontent-length: 0, 0\r\n\r\n"],
  ["with a length below zero", "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"],
  ["with a length in other digits", "HTTP/1.1 200 OK\r\ncontent-length: 0x1\r\n\r\n1"],
  ["with a length and chunks", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"],
  ["with chunks and a length", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 0\r\n\r\n0\r\n\r\n"],
  ["with an unknown transfer-encoding", "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n"],
  ["with a header without a name", "HTTP/1.1 200 OK\r\n: 1\r\ncontent-length: 0\r\n\r\n"],
  ["with a header without a colon", "HTTP/1.1 200 OK\r\ncontent-length\r\n\r\n"],
  ["with a space before the colon", "HTTP/1.1 200 OK\r\ncontent-length : 0\r\n\r\n"],
  ["with a folded header", "HTTP/1.1 200 OK\r\na: 1\r\n content-length: 5\r\ncontent-length: 0\r\n\r\n"],
  ["with a bare line feed in its head", "HTTP/1.1 200 OK\r\na: 1\ncontent-length: 5\r\ncontent-length: 0\r\n\r\n"],
  ["with more bytes than its content-length", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n12"],
  ["that another response follows", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 200 OK\r\n"],
  ["with a head without end", `HTTP/1.1 200 OK\r\na: ${"x".repeat(17_000)}`],
  ["with a long head", `HTTP/1.1 200 OK\r\na: ${"x".repeat(17_000)}\r\ncontent-length: 0\r\n\r\n`],
  ["with a long body", "HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n"],
  ["with a long body in chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nFFFFF\r\n"],
  ["with a chunk without a size", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\r\nabc"],
  ["with a chunk whose size does not end", `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${"0".repeat(2_000)}`],
  [
    "with a chunk that is longer than its size",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
  ],
  ["with bytes between its chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\naXY0\r\n\r\n"],
  ["with bytes after its last chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1"],
  ["with trailers", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\na: 1\r\n\r\n"],
])("a response %s is refused", (_, text) => {
  expect(() => read(text)).toThrow(MalformedResponse);
});

test("any bytes make the reader return a response, wait or refuse", () => {
  const posts = fc.array(
    fc.oneof(
      fc.constantFrom(
        "HTTP/1.1 200 OK\r\n",
        "content-length: 3\r\n",
        "transfer-encoding: chunked\r\n",
        "\r\n",
        "3\r\n",
        "abc",
      ),
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    ),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(posts, (posts) => {
      try {
        expect(read(...posts)?.status ?? 200).toBeGreaterThanOrEqual(200);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedResponse);
      }
    }),
  );
});
