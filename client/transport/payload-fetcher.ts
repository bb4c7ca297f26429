import type { MessageFrame, PayloadLink } from "../../protocol/frames.ts";
import type { clientCodes } from "../core/client-codes.ts";
import type { PayloadLost } from "../core/state.ts";
import type { ResolvedOptions } from "../options.ts";

type Options = Pick<ResolvedOptions, "fetch" | "clock" | "random">;
/** `lost` only when it has been tried often enough. */
type Tell = (message: MessageFrame, lost?: PayloadLost) => void;

/** What is in memory of payloads is what is fetched at once. */
const atOnce = 2;
/** So many tries are in vain before a message is passed over; each had an address that was just made. */
const mostTries = 8;
/** S3 says 403 as well as 404 of what is not there: to whoever may not list a bucket. */
const mostRefusals = 3;
const firstPauseMs = 1_000;
const maxPauseMs = 30_000;
/** How long a fetch may take: a moment, and what a line of 256 kbit/s needs. */
const limitMs = ({ bytes }: PayloadLink) => 30_000 + bytes / 32;

const code: (typeof clientCodes)["payloadLost"] = "3006";

/** Brings what is too large for a frame, checks it, and tells the message with its `data` in place of `payload`. */
export class Payloads {
  readonly #options: Options;
  readonly #tell: Tell;
  /** How often a message was fetched in vain. */
  readonly #tries = new Map<string, number>();
  /** Messages of which nobody has been told yet. */
  readonly #open = new Set<string>();
  readonly #waiting: MessageFrame[] = [];
  readonly #timers = new Set<unknown>();
  readonly #over = new AbortController();
  #running = 0;

  constructor(options: Options, tell: Tell) {
    this.#options = options;
    this.#tell = (...fetched) => this.#over.signal.aborted || tell(...fetched);
  }

  /** One that is being fetched already is not fetched a second time. */
  fetch(message: MessageFrame): void {
    if (this.#open.has(keyOf(message))) return;
    this.#open.add(keyOf(message));
    this.#waiting.push(message);
    this.#next();
  }

  /** Nothing is told any more. */
  stop(): void {
    this.#over.abort();
    for (const timer of this.#timers) this.#options.clock.clearTimeout(timer);
  }

  #next(): void {
    if (this.#running === atOnce || this.#over.signal.aborted) return;
    const message = this.#waiting.shift();
    if (!message) return;
    this.#running += 1;
    void this.#load(message).then((failure) => {
      this.#running -= 1;
      if (failure !== undefined && !this.#over.signal.aborted) this.#retry(message, failure);
      this.#next();
    });
  }

  /** @returns why it could not be had: an HTTP status, or in words */
  async #load({ payload, ...message }: MessageFrame): Promise<number | string | undefined> {
    if (!payload) return undefined;
    const { fetch, clock } = this.#options;
    const abort = new AbortController();
    const stop = () => abort.abort();
    const timer = this.#after(limitMs(payload), stop);
    this.#over.signal.addEventListener("abort", stop);
    try {
      const response = await fetch(payload.url, { headers: {}, signal: abort.signal });
      if (response.status !== 200) return response.status;
      const bytes = await response.arrayBuffer();
      if (!(await isWhole(bytes, payload))) return "what came is not what was pushed";
      const data: unknown = JSON.parse(new TextDecoder().decode(bytes));
      this.#close(message);
      this.#tell({ ...message, data });
      return undefined;
    } catch {
      return "there was no answer";
    } finally {
      clock.clearTimeout(timer);
      this.#timers.delete(timer);
      this.#over.signal.removeEventListener("abort", stop);
    }
  }

  #retry(message: MessageFrame, failure: number | string): void {
    const key = keyOf(message);
    const tries = (this.#tries.get(key) ?? 0) + 1;
    this.#tries.set(key, tries);
    // Without a place in a log it cannot be asked for again: at most once.
    if (message.seq === undefined) this.#close(message);
    else if (tries >= (failure === 403 || failure === 404 ? mostRefusals : mostTries)) {
      this.#close(message);
      this.#tell(message, lostOf(message, failure));
    } else {
      const pauseMs = Math.min(maxPauseMs, firstPauseMs * 2 ** (tries - 1)) * (0.5 + this.#options.random() / 2);
      this.#after(pauseMs, () => {
        this.#open.delete(key);
        this.#tell(message);
      });
    }
  }

  #close(message: MessageFrame): void {
    this.#open.delete(keyOf(message));
    this.#tries.delete(keyOf(message));
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

async function isWhole(bytes: ArrayBuffer, { bytes: length, sha256 }: PayloadLink): Promise<boolean> {
  if (bytes.byteLength !== length) return false;
  // Pages that came without TLS are not given it.
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;
  if (!subtle) return true;
  const hash = new Uint8Array(await subtle.digest("SHA-256", bytes));
  return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("") === sha256;
}

function lostOf({ roomId, messageId }: MessageFrame, failure: number | string): PayloadLost {
  const where = roomId === undefined ? "to everyone" : `of room ${roomId}`;
  const why = typeof failure === "number" ? `its address is answered ${failure}` : failure;
  const msg = `what message ${messageId} ${where} says could not be fetched, and is passed over: ${why}`;
  return { type: "payloadLost", eventName: "errorResp", data: { code, msg }, roomId, messageId };
}
