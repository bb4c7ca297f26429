import { createHash, hash } from "node:crypto";
import { beforeEach, vi } from "vitest";
import type { Fetch, SocketHandle, SocketHandleOptions } from "../../../client/index.ts";
// Loaded beforehand: a dynamic import takes longer than the fake clock waits.
import "../../../client/transport/payload-fetcher.ts";
import type { MessageFrame, ServerFrame } from "../../../protocol/frames.ts";
import { settled } from "./fake-clock.ts";
import { LogServer } from "./log-server.ts";

// WebCrypto computes digests in other threads, which takes longer than the fake clock waits on a busy machine.
beforeEach(() => {
  vi.spyOn(crypto.subtle, "digest").mockImplementation(async (_, data) => {
    const bytes = ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : data;
    return new Uint8Array(createHash("sha256").update(new Uint8Array(bytes)).digest()).buffer;
  });
});

/** Result of a fetch other than the object: an HTTP status, an error, other bytes, or no response (`timeout`). */
export type FetchFailure = number | "network" | "other bytes" | "more bytes" | "timeout";

/** A server with a bucket. The payload has another URL in each frame, numbered `?v=1`, `?v=2` … */
export class PayloadServer extends LogServer {
  /** URLs in the order of the fetches. */
  readonly fetched: string[] = [];
  fetching = 0;
  maxFetching = 0;
  /** Fetches that the client aborted. */
  aborted = 0;
  /** Failures of the next fetches, the first one first. */
  readonly failures: FetchFailure[] = [];
  /** Failure of all fetches without one in `failures`. */
  always: FetchFailure | undefined;
  /** Fetches wait for it. */
  #gate: { promise: Promise<void>; open: () => void } | undefined;
  readonly #objects = new Map<string, Uint8Array<ArrayBuffer>>();
  #version = 0;

  constructor() {
    super();
    this.onFrame = (frame) => this.renewed(this.answer(frame));
  }

  /** A page that fetches from this bucket, with the data that its listener received. */
  page(options: Partial<SocketHandleOptions> = {}) {
    const handle: SocketHandle = this.handle({ fetch: this.fetch, ...options });
    const received: unknown[] = [];
    handle.listen("test", (data) => received.push(data));
    return { handle, received };
  }

  /** Appends a message to a room's log, with its data in the bucket. */
  logLarge(roomId: string, data: unknown, fields: Partial<MessageFrame> = {}): MessageFrame {
    const frame = this.log(roomId, undefined, fields);
    delete frame.data;
    frame.payload = this.put(data);
    return frame;
  }

  put(data: unknown) {
    const body = new TextEncoder().encode(JSON.stringify(data));
    const sha256 = hash("sha256", body);
    this.#objects.set(sha256, body);
    return { url: this.#addressOf(sha256), sha256, bytes: body.length };
  }

  hold(): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = { promise, open: resolve };
  }
  release(): void {
    this.#gate?.open();
    this.#gate = undefined;
  }

  /** Replaces the URLs of all payloads by new ones. */
  renewed<F extends ServerFrame | MessageFrame | undefined>(frame: F): F {
    if (!frame) return frame;
    return JSON.parse(JSON.stringify(frame), (name, value) =>
      name === "payload" ? { ...value, url: this.#addressOf(value.sha256) } : value,
    );
  }

  readonly fetch: Fetch = async (address, { headers, signal }) => {
    if (Object.keys(headers).length > 0) throw new Error("another header causes a preflight request in browsers");
    this.fetched.push(address);
    this.fetching += 1;
    this.maxFetching = Math.max(this.maxFetching, this.fetching);
    const failure = this.failures.shift() ?? this.always;
    const abort = new Promise<never>((_, reject) =>
      signal.addEventListener("abort", () => {
        this.aborted += 1;
        reject(signal.reason);
      }),
    );
    abort.catch(() => {});
    try {
      await Promise.race([settled(), abort]);
      await Promise.race([this.#gate?.promise, abort]);
      if (failure === "timeout") await abort;
      if (failure === "network") throw new TypeError("Failed to fetch");
      const body = this.#objects.get(new URL(address).pathname.slice(1)) ?? new Uint8Array();
      const bytes = failure === "other bytes" ? body.map(otherDigit) : body;
      const sent = failure === "more bytes" ? new Uint8Array([...body, 32]) : bytes;
      return {
        status: typeof failure === "number" ? failure : 200,
        json: () => Promise.reject(new Error("a payload is checked before it is read")),
        arrayBuffer: async () => sent.buffer,
      };
    } finally {
      this.fetching -= 1;
    }
  };

  #addressOf(sha256: string): string {
    this.#version += 1;
    return `https://bucket.example/${sha256}?v=${this.#version}`;
  }
}

/** Keeps the length and valid JSON. */
const otherDigit = (byte: number) => (byte >= 0x30 && byte <= 0x39 ? byte ^ 1 : byte);

/** Runs the event loop until a condition is met. */
export async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 20_000; turn += 1) {
    if (isSo()) return;
    await settled();
  }
  throw new Error(`never: ${isSo}`);
}

/** Runs the event loop until the client is idle, its dynamic imports included. */
export async function idle(): Promise<void> {
  // Tests make this import fail.
  await import("../../../client/transport/payload-fetcher.ts").catch(() => {});
  for (let turn = 0; turn < 50; turn += 1) await settled();
}

/** A page in room 456. */
export const pageIn456 = async (options: Partial<SocketHandleOptions> = {}) => {
  const server = new PayloadServer();
  const { handle, received } = server.page(options);
  await handle.loginRoom("456");
  const post = async (frame: MessageFrame) => {
    await server.last.deliver(frame);
    await idle();
  };
  const small = (data: unknown, roomId = "456") => post(server.log(roomId, data));
  const large = (data: unknown, roomId = "456") => post(server.logLarge(roomId, data));
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 250) {
      await server.clock.advance(Math.min(250, ms - passed));
      await idle();
    }
  };
  return { server, handle, received, small, large, post, pass };
};
