import { createHash, createHmac } from "node:crypto";

type HashInput = string | ArrayBuffer | ArrayBufferView;

/** SHA-256 for AWS' signer (`SignatureV4`); with a key it computes an HMAC. */
export class Sha256 {
  readonly #hash;
  constructor(key?: HashInput) {
    this.#hash = key === undefined ? createHash("sha256") : createHmac("sha256", asBytes(key));
  }
  update(chunk: HashInput): void {
    this.#hash.update(asBytes(chunk));
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
  reset(): void {}
}

function asBytes(data: HashInput): Uint8Array {
  if (typeof data === "string") return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
