import { createHash, hash } from "node:crypto";
import { beforeEach, vi } from "vitest";
import type { Fetch, SocketHandle, SocketHandleOptions } from "../../../client/index.ts";
// The client loads it when it needs it, which would take longer than a fake clock waits.
import "../../../client/transport/payload-fetcher.ts";
import type { MessageFrame, ServerFrame } from "../../../protocol/frames.ts";
import { settled } from "./fake-clock.ts";
import { LoggingServer } from "./log-server.ts";

// Those of WebCrypto are made in other threads, and come later than a fake clock waits on a busy machine.
beforeEach(() => {
  vi.spyOn(crypto.subtle, "digest").mockImplementation(async (_, data) => {
    const bytes = ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : data;
    return new Uint8Array(createHash("sha256").update(new Uint8Array(bytes)).digest()).buffer;
  });
});

/** What a fetch comes to, where it is not the object: an HTTP status, no answer, other bytes, or nothing until `let`. */
export type Trouble = number | "network" | "other bytes" | "more bytes" | "silence";

/** The same server with a bucket. Each sending of a message has an address of its own, numbered `?v=1`, `?v=2` … */
export class PayloadServer extends LoggingServer {
  /** Addresses as they were fetched. */
  readonly fetched: string[] = [];
  fetching = 0;
  mostFetching = 0;
  /** Fetches that were given up by the client. */
  aborted = 0;
  /** What the next fetches come to, the first one first. */
  readonly troubles: Trouble[] = [];
  /** What every fetch comes to that `troubles` says nothing about. */
  always: Trouble | undefined;
  /** Fetches wait until they are let through. */
  #gate: { promise: Promise<void>; open: () => void } | undefined;
  readonly #objects = new Map<string, Uint8Array<ArrayBuffer>>();
  #version = 0;

  constructor() {
    super();
    this.onFrame = (frame) => this.renewed(this.answer(frame));
  }

  /** A page that fetches from this bucket, and what it hears. */
  page(options: Partial<SocketHandleOptions> = {}) {
    const handle: SocketHandle = this.handle({ fetch: this.fetch, ...options });
    const heard: unknown[] = [];
    handle.listen("test", (data) => heard.push(data));
    return { handle, heard };
  }

  /** Writes a message to the log whose data are in the bucket. */
  logLarge(roomId: string, data: unknown, place: Partial<MessageFrame> = {}): MessageFrame {
    const frame = this.log(roomId, undefined, place);
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

  /** With addresses that were made just now. */
  renewed<F extends ServerFrame | MessageFrame | undefined>(frame: F): F {
    if (!frame) return frame;
    return JSON.parse(JSON.stringify(frame), (name, value) =>
      name === "payload" ? { ...value, url: this.#addressOf(value.sha256) } : value,
    );
  }

  readonly fetch: Fetch = async (address, { headers, signal }) => {
    if (Object.keys(headers).length > 0) throw new Error("a header of one's own makes a browser ask first");
    this.fetched.push(address);
    this.fetching += 1;
    this.mostFetching = Math.max(this.mostFetching, this.fetching);
    const trouble = this.troubles.shift() ?? this.always;
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
      if (trouble === "silence") await abort;
      if (trouble === "network") throw new TypeError("Failed to fetch");
      const body = this.#objects.get(new URL(address).pathname.slice(1)) ?? new Uint8Array();
      const bytes = trouble === "other bytes" ? body.map(otherDigit) : body;
      const sent = trouble === "more bytes" ? new Uint8Array([...body, 32]) : bytes;
      return {
        status: typeof trouble === "number" ? trouble : 200,
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

/** As many bytes, as good JSON, and another number. */
const otherDigit = (byte: number) => (byte >= 0x30 && byte <= 0x39 ? byte ^ 1 : byte);

/** Lets everything happen until this is so. */
export async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 20_000; turn += 1) {
    if (isSo()) return;
    await settled();
  }
  throw new Error(`never: ${isSo}`);
}

/** Lets everything happen that can, what the client loads included. */
export async function quiet(): Promise<void> {
  // It may be what cannot be loaded.
  await import("../../../client/transport/payload-fetcher.ts").catch(() => {});
  for (let turn = 0; turn < 50; turn += 1) await settled();
}

/** A page that is in room 456. */
export const pageIn456 = async (options: Partial<SocketHandleOptions> = {}) => {
  const server = new PayloadServer();
  const { handle, heard } = server.page(options);
  await handle.loginRoom("456");
  const post = async (frame: MessageFrame) => {
    await server.last.tell(frame);
    await quiet();
  };
  const small = (data: unknown, roomId = "456") => post(server.log(roomId, data));
  const large = (data: unknown, roomId = "456") => post(server.logLarge(roomId, data));
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 250) {
      await server.clock.advance(Math.min(250, ms - passed));
      await quiet();
    }
  };
  return { server, handle, heard, small, large, post, pass };
};
