import { once } from "node:events";
import { createServer } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import type { TLSSocket } from "node:tls";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { connectTo } from "../../../../lambdas/adapters/http1/connection.ts";
import { ConnectionPool } from "../../../../lambdas/adapters/http1/connection-pool.ts";
import { selfSigned } from "../../../support/self-signed.ts";
import { ok, openStub, type Received } from "./stub-server.ts";

const request = (name: string | number) => () => `POST /${name} HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}`;
const okResponse = { status: 200, body: "", keepAlive: true };

const limitMs = 60_000;

/** A pool to `url`, with a clock that can be moved. */
function poolTo(url: URL, { max = 4 } = {}) {
  const clock = { nowMs: 0 };
  const malformed: string[] = [];
  const onMalformed = ({ message }: Error) => void malformed.push(message);
  const now = () => clock.nowMs;
  const pool = new ConnectionPool({ connect: connectTo(url), max, timeoutMs: limitMs, now, onMalformed });
  return { clock, pool, malformed };
}

/** @returns a function that lets the timeout pass */
function limitsByHand(): (ms: number) => void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  return (ms) => void vi.advanceTimersByTime(ms);
}

const connectionOf = ({ connection }: Received) => connection;
const nameOf = ({ head }: Received) => /\/(\w+) /.exec(head)?.[1];

describe("a connection", () => {
  test("is opened for the first request and reused for the next ones", async () => {
    const { url, requests } = await openStub(() => ok);
    const { pool } = poolTo(url);
    for (const name of ["a", "b", "c"]) expect(await pool.send(request(name))).toEqual(okResponse);
    expect(requests.map(connectionOf)).toEqual([1, 1, 1]);
    expect(requests[0]).toMatchObject({ body: "{}", head: request("a")().slice(0, -2) });
  });

  test("is not reused if the response says so", async () => {
    const { url, requests } = await openStub(() => "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    const { pool } = poolTo(url);
    await pool.send(request("a"));
    expect(await pool.send(request("b"))).toMatchObject({ status: 200 });
    expect(requests.map(connectionOf)).toEqual([1, 2]);
  });

  test("is not reused after the server has closed it", async () => {
    const { url, requests } = await openStub(() => ok);
    const { pool } = poolTo(url);
    await pool.send(request("a"));
    const socket = requests[0]?.socket;
    socket?.end();
    if (socket) await once(socket, "close");
    await turn();
    expect(await pool.send(request("b"))).toEqual(okResponse);
    expect(requests.map(connectionOf)).toEqual([1, 2]);
  });

  // A function that was frozen does not know yet that the server has closed the connection.
  test("is not reused after 20 idle seconds", async () => {
    const { url, requests } = await openStub(() => ok);
    const { pool, clock } = poolTo(url);
    await pool.send(request("a"));
    clock.nowMs += 20_000;
    await pool.send(request("b"));
    clock.nowMs += 20_001;
    await pool.send(request("c"));
    expect(requests.map(connectionOf)).toEqual([1, 1, 2]);
  });

  test("with bytes outside a response is not reused: they would be taken for the next response", async () => {
    const { url, requests } = await openStub(() => ok);
    const { pool } = poolTo(url);
    await pool.send(request("a"));
    const socket = requests[0]?.socket;
    socket?.write("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n");
    if (socket) await once(socket, "close");
    await turn();
    expect(await pool.send(request("b"))).toEqual(okResponse);
    expect(requests.map(connectionOf)).toEqual([1, 2]);
  });
});

describe("a request", () => {
  test.each<[string, (request: Received) => string | undefined]>([
    ["that the server closes", ({ socket }) => void socket.end()],
    ["whose connection is reset", ({ socket }) => void socket.resetAndDestroy()],
    ["whose response ends too early", ({ socket }) => void socket.end("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n1")],
    ["whose response ends in its head", ({ socket }) => void socket.end("HTTP/1.1 200 OK\r\ncontent-le")],
    ["whose response is garbage", () => "\u0000\u0001\r\n\r\n"],
    ["with two responses", () => ok + ok],
  ])("%s is unanswered: it may have arrived, and is not sent again", async (_, react) => {
    const { url, requests } = await openStub(react);
    const { pool } = poolTo(url);
    expect(await pool.send(request("a"))).toBe("unanswered");
    expect(requests).toHaveLength(1);
  });

  test("whose response ends with its connection gets it, and the next request uses another connection", async () => {
    const { url, requests } = await openStub(
      ({ socket }) => void socket.end("HTTP/1.1 410 Gone\r\nconnection: close\r\n\r\ngone"),
    );
    const { pool } = poolTo(url);
    for (const name of ["a", "b"]) {
      expect(await pool.send(request(name))).toEqual({ status: 410, body: "gone", keepAlive: false });
    }
    expect(requests.map(connectionOf)).toEqual([1, 2]);
  });

  test("with a malformed response is reported once, with the problem and nothing of the response", async () => {
    const { url } = await openStub(() => "HTTP/1.1 200 OK\r\nsecret\r\n\r\n");
    const { pool, malformed } = poolTo(url);
    for (const name of ["a", "b"]) expect(await pool.send(request(name))).toBe("unanswered");
    expect(malformed).toEqual(["the head has a line that is no header"]);
  });

  test("that the server closes has no malformed response", async () => {
    const { url } = await openStub(({ socket }) => void socket.end());
    const { pool, malformed } = poolTo(url);
    expect(await pool.send(request("a"))).toBe("unanswered");
    expect(malformed).toEqual([]);
  });

  test("without a response times out, and its connection is closed", async () => {
    const { url, requests } = await openStub((received) => (nameOf(received) === "hangs" ? undefined : ok));
    const { pool } = poolTo(url);
    const pass = limitsByHand();
    const hanging = pool.send(request("hangs"));
    await expect.poll(() => requests.length).toBe(1);
    pass(limitMs);
    expect(await hanging).toBe("unanswered");
    expect(await pool.send(request("next"))).toEqual(okResponse);
    expect(requests.map(connectionOf)).toEqual([1, 2]);
  });

  test("has its whole timeout, however old its connection is", async () => {
    const { url, requests } = await openStub((received) => (nameOf(received) === "waits" ? undefined : ok));
    const { pool } = poolTo(url);
    const pass = limitsByHand();
    expect(await pool.send(request("a"))).toEqual(okResponse);
    pass(0.9 * limitMs);
    const waiting = pool.send(request("waits"));
    await expect.poll(() => requests.length).toBe(2);
    pass(0.9 * limitMs);
    requests[1]?.socket.write(ok);
    expect(await waiting).toEqual(okResponse);
  });

  test("whose response comes in pieces gets all of it", async () => {
    const { url } = await openStub(({ socket }) => {
      const posts = [
        "HTTP/1.1 100 Continue\r\n\r\nHTT",
        "P/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r",
        "\n2\r\nno\r\n0\r\n",
        "\r\n",
      ];
      const write = () => {
        const post = posts.shift();
        if (post !== undefined) socket.write(post, () => setImmediate(write));
      };
      write();
      return undefined;
    });
    expect(await poolTo(url).pool.send(request("a"))).toEqual({ status: 503, body: "no", keepAlive: true });
  });

  test("to an absent server is unsent", async () => {
    const { url, close } = await openStub(() => ok);
    await close();
    const { pool } = poolTo(url);
    expect(await Promise.all([1, 2, 3].map((name) => pool.send(request(name))))).toEqual([
      "unsent",
      "unsent",
      "unsent",
    ]);
  });

  test("to a server that is available again is sent", async () => {
    const { url, close } = await openStub(() => ok);
    const { pool, clock } = poolTo(url);
    await pool.send(request("a"));
    await close();
    clock.nowMs += 60_000;
    expect(await pool.send(request("b"))).toBe("unsent");
    const again = createServer((socket) => socket.on("data", () => socket.end(ok))).listen(
      Number(url.port),
      "127.0.0.1",
    );
    onTestFinished(() => void again.close());
    await once(again, "listening");
    expect(await pool.send(request("c"))).toEqual(okResponse);
  });
});

describe("many concurrent requests", () => {
  test("use at most the allowed connections, one request at a time each, and all get a response", async () => {
    const under = new Set<number>();
    const doubled: number[] = [];
    const { url, requests, sockets } = await openStub(({ socket, connection }) => {
      if (under.has(connection)) doubled.push(connection);
      under.add(connection);
      setImmediate(() => {
        under.delete(connection);
        socket.write(ok);
      });
      return undefined;
    });
    const { pool } = poolTo(url, { max: 5 });
    const replies = await Promise.all(Array.from({ length: 200 }, (_, i) => pool.send(request(i))));
    expect(replies).toEqual(Array.from({ length: 200 }, () => okResponse));
    expect(requests.map(nameOf).toSorted()).toEqual(Array.from({ length: 200 }, (_, i) => `${i}`).toSorted());
    expect(sockets).toHaveLength(5);
    expect(doubled).toEqual([]);
  });

  test("are created when a connection is available, not before", async () => {
    const { url, requests } = await openStub(() => undefined);
    const { pool } = poolTo(url, { max: 1 });
    const made: string[] = [];
    const send = (name: string) => pool.send(() => request(made.push(name))());
    const [first, second] = [send("a"), send("b")];
    await expect.poll(() => requests.length).toBe(1);
    expect(made).toEqual(["a"]);
    requests[0]?.socket.write(ok);
    await first;
    await expect.poll(() => requests.length).toBe(2);
    expect(made).toEqual(["a", "b"]);
    requests[1]?.socket.write(ok);
    await second;
  });

  test("lose only the one whose connection breaks", async () => {
    const { url } = await openStub((received) => (nameOf(received) === "7" ? void received.socket.destroy() : ok));
    const { pool } = poolTo(url, { max: 3 });
    const replies = await Promise.all(Array.from({ length: 20 }, (_, i) => pool.send(request(i))));
    expect(replies.map((reply) => (reply === "unanswered" ? "lost" : "there"))).toEqual(
      Array.from({ length: 20 }, (_, i) => (i === 7 ? "lost" : "there")),
    );
  });

  test("continue over a new connection when the only one breaks", async () => {
    const { url } = await openStub((received) => (nameOf(received) === "0" ? void received.socket.destroy() : ok));
    const { pool } = poolTo(url, { max: 1 });
    const replies = await Promise.all([0, 1, 2].map((i) => pool.send(request(i))));
    expect(replies).toEqual(["unanswered", okResponse, okResponse]);
  });

  test("leave no connection with the response of another request", async () => {
    const { url } = await openStub((received) => {
      const name = nameOf(received) ?? "";
      if (Number(name) % 7 === 3) return void received.socket.destroy();
      return `HTTP/1.1 200 OK\r\ncontent-length: ${name.length}\r\n\r\n${name}`;
    });
    const { pool } = poolTo(url, { max: 8 });
    const replies = await Promise.all(
      Array.from({ length: 300 }, async (_, i) => ({ i, reply: await pool.send(request(i)) })),
    );
    const mixedUp = replies.filter(({ i, reply }) => typeof reply === "object" && reply.body !== `${i}`);
    expect(mixedUp).toEqual([]);
  });
});

describe("over TLS", () => {
  const { key, cert } = selfSigned();
  const trust = (certificates: string[]) => {
    const before = getCACertificates("default");
    setDefaultCACertificates([...before, ...certificates]);
    onTestFinished(() => setDefaultCACertificates(before));
  };

  test("requests get responses, and later connections resume the session of an earlier one", async () => {
    trust([cert]);
    const resumed: boolean[] = [];
    const { url } = await openStub(
      ({ socket }) => {
        resumed.push((socket as TLSSocket).isSessionReused());
        return ok;
      },
      { key, cert },
    );
    const { pool, clock } = poolTo(url);
    for (const name of ["a", "b", "c"]) {
      expect(await pool.send(request(name))).toEqual(okResponse);
      clock.nowMs += 60_000;
    }
    expect(resumed).toEqual([false, true, true]);
  });

  test("a server with an untrusted certificate gets nothing", async () => {
    const { url, requests } = await openStub(() => ok, { key, cert });
    expect(await poolTo(url).pool.send(request("a"))).toBe("unsent");
    expect(requests).toEqual([]);
  });

  test("a server that accepts the connection and stays silent times out", async () => {
    const silent = createServer(() => {}).listen(0, "127.0.0.1");
    onTestFinished(() => void silent.close());
    await once(silent, "listening");
    const { port } = silent.address() as { port: number };
    const { pool } = poolTo(new URL(`https://127.0.0.1:${port}`));
    const pass = limitsByHand();
    const connected = once(silent, "connection");
    const pending = pool.send(request("a"));
    await connected;
    pass(limitMs);
    expect(await pending).toBe("unsent");
  });
});
