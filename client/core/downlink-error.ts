import type { frameCodes } from "../../protocol/codes.ts";
import type { clientCodes } from "./client-codes.ts";

/** The server's codes and the client's own: PROTOCOL.md has a table of each. */
export type DownlinkErrorCode =
  | (typeof frameCodes)[keyof typeof frameCodes]
  | (typeof clientCodes)[keyof typeof clientCodes];

/** Why something failed, as plain data. */
export interface Failure {
  code: DownlinkErrorCode;
  msg: string;
  cause?: unknown;
}

/** Every failure that the client reports. Branch on `code`; `msg`, the same text as `message`, is for people. */
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

/** Holds even with two copies of the client on one page, where `instanceof` does not. */
export const isDownlinkError = (error: unknown): error is DownlinkError =>
  error instanceof Error && error.name === "DownlinkError";
