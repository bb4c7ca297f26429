/** Failures that the client itself finds; all others carry the server's code. */
export const clientCodes = {
  /** One attempt to connect failed; the client goes on trying. */
  connectFailed: "3001",
  /** A request was not answered within `requestTimeoutMs`. It may have taken effect all the same. */
  timedOut: "3002",
  /** The handle was closed, before the request or while it waited. */
  closed: "3003",
  /** An option is missing or wrong. */
  badOptions: "3004",
  /** What was to be published does not fit into a frame. */
  tooLarge: "3005",
  /** What a message says could not be fetched, however often it was tried: the message is passed over. */
  payloadLost: "3006",
} as const;
