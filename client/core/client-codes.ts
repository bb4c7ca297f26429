/** Codes of the failures that the client itself detects. All other failures carry the server's code. */
export const clientCodes = {
  /** An attempt to connect failed. The client keeps trying. */
  connectFailed: "3001",
  /** A request got no response within `requestTimeoutMs`. It may have taken effect. */
  timedOut: "3002",
  /** The handle was closed before the request, or while the request was pending. */
  closed: "3003",
  /** An option is missing or invalid. */
  badOptions: "3004",
  /** The message is larger than a frame: 32 KB. */
  tooLarge: "3005",
  /** The payload of a message could not be fetched after several attempts. The client skips the message. */
  payloadLost: "3006",
} as const;
