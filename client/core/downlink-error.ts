import type { frameCodes } from "../../protocol/codes.ts";
import type { clientCodes } from "./client-codes.ts";

/** A code of the server or of the client. PROTOCOL.md lists both. */
export type DownlinkErrorCode =
  | (typeof frameCodes)[keyof typeof frameCodes]
  | (typeof clientCodes)[keyof typeof clientCodes];

/** The reason for a failure. */
export interface Failure {
  code: DownlinkErrorCode;
  msg: string;
  cause?: unknown;
}

/** Every failure that the client reports. Branch on `code`; `msg` (the same text as `message`) is for people. */
export class DownlinkError extends Error {
  override readonly name = "DownlinkError";
  declare readonly code: DownlinkErrorCode;
  declare readonly msg: string;

  constructor({ code, msg, cause }: Failure) {
    super(msg, cause ? { cause } : undefined);
    this.code = code;
    this.msg = msg;
  }
}

/** Also recognizes errors of a second copy of the client on the same page, for which `instanceof` is false. */
export const isDownlinkError = (error: unknown): error is DownlinkError =>
  error instanceof Error && error.name === "DownlinkError";
