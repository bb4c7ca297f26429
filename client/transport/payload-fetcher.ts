import type { MessageFrame, PayloadLink } from "../../protocol/frames.ts";
import type { clientCodes } from "../core/client-codes.ts";
import type { PayloadLost } from "../core/notices.ts";
import type { TransportOptions } from "./open.ts";

type Options = Pick<TransportOptions, "fetch" | "clock" | "random">;
/** @param lost only after the last attempt */
type OnFetched = (message: MessageFrame, lost?: PayloadLost) => void;

/** Limits the memory that payloads take. */
const fetchConcurrency = 2;
/** Attempts before a message is skipped. Each uses a new URL. */
const maxAttempts = 8;
/** S3 responds with 403 as well as 404 for a missing object, unless the caller may list the bucket. */
const maxRefusals = 3;
const firstBackoffMs = 1_000;
const maxBackoffMs = 30_000;
/** Time limit of a fetch: 30 s, and the time that a connection of 256 kbit/s needs. */
const limitMs = ({ bytes }: PayloadLink) => 30_000 + bytes / 32;

const code: (typeof clientCodes)["payloadLost"] = "3006";

/**
 * Fetches the data of messages that are larger than a frame. Checks the length, and the SHA-256 where WebCrypto exists.
 *
 * Calls `onFetched` with the message and its `data`; after a failure with the message as it was, so that a replay brings
 * a new URL; and after the last attempt with `lost` too.
 */
export class PayloadFetcher {
  readonly #options: Options;
  readonly #onFetched: OnFetched;
  /** Failed attempts by message. */
  readonly #attempts = new Map<string, number>();
  /** Messages that are queued, being fetched, or in backoff. */
  readonly #pending = new Set<string>();
  readonly #queue: MessageFrame[] = [];
  readonly #timers = new Set<unknown>();
  readonly #stop = new AbortController();
  #running = 0;

  constructor(options: Options, onFetched: OnFetched) {
    this.#options = options;
    this.#onFetched = (...fetched) => this.#stop.signal.aborted || onFetched(...fetched);
  }

  /** Queues a message, unless it is pending. */
  fetch(message: MessageFrame): void {
    if (this.#pending.has(keyOf(message))) return;
    this.#pending.add(keyOf(message));
    this.#queue.push(message);
    this.#next();
  }

  /** Aborts all fetches; `onFetched` is not called any more. */
  stop(): void {
    this.#stop.abort();
    for (const timer of this.#timers) this.#options.clock.clearTimeout(timer);
  }

  #next(): void {
    if (this.#running === fetchConcurrency || this.#stop.signal.aborted) return;
    const message = this.#queue.shift();
    if (!message) return;
    this.#running += 1;
    void this.#load(message).then((failure) => {
      this.#running -= 1;
      if (failure !== undefined && !this.#stop.signal.aborted) this.#retry(message, failure);
      this.#next();
    });
  }

  /** @returns the reason for a failure: an HTTP status or a text */
  async #load({ payload, ...message }: MessageFrame): Promise<number | string | undefined> {
    if (!payload) return undefined;
    const { fetch, clock } = this.#options;
    const limit = new AbortController();
    const abort = () => limit.abort();
    const timer = this.#after(limitMs(payload), abort);
    this.#stop.signal.addEventListener("abort", abort);
    try {
      const response = await fetch(payload.url, { headers: {}, signal: limit.signal });
      if (response.status !== 200) return response.status;
      const bytes = await response.arrayBuffer();
      if (!(await isIntact(bytes, payload))) return "the length or the SHA-256 is wrong";
      const data: unknown = JSON.parse(new TextDecoder().decode(bytes));
      this.#remove(message);
      this.#onFetched({ ...message, data });
      return undefined;
    } catch {
      return "no response";
    } finally {
      clock.clearTimeout(timer);
      this.#timers.delete(timer);
      this.#stop.signal.removeEventListener("abort", abort);
    }
  }

  #retry(message: MessageFrame, failure: number | string): void {
    const key = keyOf(message);
    const attempts = (this.#attempts.get(key) ?? 0) + 1;
    this.#attempts.set(key, attempts);
    // At qos 0 it has no position in a log, so no replay can bring a new URL: at most once.
    if (message.seq === undefined) this.#remove(message);
    else if (attempts >= (failure === 403 || failure === 404 ? maxRefusals : maxAttempts)) {
      this.#remove(message);
      this.#onFetched(message, payloadLost(message, failure));
    } else {
      const backoffMs = Math.min(maxBackoffMs, firstBackoffMs * 2 ** (attempts - 1));
      this.#after(backoffMs * (0.5 + this.#options.random() / 2), () => {
        this.#pending.delete(key);
        this.#onFetched(message);
      });
    }
  }

  #remove(message: MessageFrame): void {
    this.#pending.delete(keyOf(message));
    this.#attempts.delete(keyOf(message));
  }

  #after(ms: number, run: () => void): unknown {
    const timer = this.#options.clock.setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, ms);
    this.#timers.add(timer);
    return timer;
  }
}

const keyOf = ({ roomId, epoch, seq, messageId }: MessageFrame) => JSON.stringify([roomId, epoch, seq ?? messageId]);

async function isIntact(bytes: ArrayBuffer, { bytes: length, sha256 }: PayloadLink): Promise<boolean> {
  if (bytes.byteLength !== length) return false;
  // Browsers provide it only to pages that were loaded over TLS.
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;
  if (!subtle) return true;
  const hash = new Uint8Array(await subtle.digest("SHA-256", bytes));
  return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("") === sha256;
}

function payloadLost({ roomId, messageId }: MessageFrame, failure: number | string): PayloadLost {
  const where = roomId === undefined ? "to everyone" : `of room ${roomId}`;
  const why = typeof failure === "number" ? `the response has status ${failure}` : failure;
  const msg = `the payload of message ${messageId} ${where} could not be fetched, so the message is skipped: ${why}`;
  return { type: "payloadLost", eventName: "errorResp", data: { code, msg }, roomId, messageId };
}
