/** Identifies stored data by the hash of their text. */
export interface PayloadRef {
  /** In hexadecimal digits. */
  sha256: string;
  bytes: number;
}

/** Data that do not fit into a frame. They are stored for at least as long as the log keeps their message. */
export interface Payloads {
  /** Stores the data, or restarts the lifetime of equal data. @param rawData JSON text */
  put(rawData: string): Promise<PayloadRef>;
  /** A signed URL that is valid for a quarter of an hour. It is computed without a request. */
  urlOf(payload: PayloadRef): string;
}
