/** What is kept apart, found by its content: `sha256` in hexadecimal digits. */
export interface PayloadRef {
  sha256: string;
  bytes: number;
}

/** What is too large for any frame, kept for at least as long as the log keeps its message. */
export interface Payloads {
  /** @param rawData JSON text; the same text is kept once, and its time begins anew */
  put(rawData: string): Promise<PayloadRef>;
  /** An address at which whoever has it can fetch this for a quarter of an hour; made without asking anybody. */
  urlOf(payload: PayloadRef): string;
}
